package bolt

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// reserve asks for blocks without writing them; file systems that can't tell are believed.
func reserve(f *os.File, n int64) error {
	err := unix.Fallocate(int(f.Fd()), 0, 0, n) //nolint:gosec // a descriptor
	if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EINTR) {
		return nil
	}
	return err
}
