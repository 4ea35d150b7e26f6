//go:build !linux

package bolt

import "os"

// reserve does nothing where the system has no way to ask for blocks without writing them.
func reserve(*os.File, int64) error { return nil }
