//go:build unix && !solaris && !aix

package bolt

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/omniposto/omniposto/store"
)

const errQuota = syscall.EDQUOT

// lock takes the lock that bbolt will take again on the same descriptor, so that the file can be looked at before.
func lock(f *os.File) (bool, error) {
	err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) //nolint:gosec // a descriptor
	if errors.Is(err, unix.EWOULDBLOCK) {
		return false, store.ErrLocked
	}
	return err == nil, err
}

func unlock(f *os.File) { unix.Flock(int(f.Fd()), unix.LOCK_UN) } //nolint:errcheck,gosec // it may be closed already

// syncFolder makes the name of a new file durable.
func syncFolder(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
