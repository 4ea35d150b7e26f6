//go:build !unix

package app

// reopen leaves it to the service manager to start the program again.
func reopen() error { return ErrStoreBroken }
