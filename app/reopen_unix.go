//go:build unix

package app

import (
	"os"
	"syscall"
)

// reopenedVariable marks a process that took the place of one whose commit failed.
const reopenedVariable = "OMNIPOSTO_REOPENED"

// reopen puts a fresh process in the place of this one, once: after a failed commit the page cache isn't to be trusted,
// so the store must be opened anew by somebody who remembers nothing.
func reopen() error {
	self, err := os.Executable()
	if err != nil || os.Getenv(reopenedVariable) != "" {
		return ErrStoreBroken
	}
	return syscall.Exec(self, os.Args, append(os.Environ(), reopenedVariable+"=1")) //nolint:gosec // ourselves
}
