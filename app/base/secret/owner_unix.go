//go:build unix

package secret

import (
	"io/fs"
	"os"
	"syscall"
)

// ownFile says whether the file belongs to who runs this program, or to root.
func ownFile(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return !ok || stat.Uid == 0 || int(stat.Uid) == os.Geteuid()
}
