package media

import "golang.org/x/sys/unix"

// limitMemory bounds what the process may write to in memory, its processor time, and forbids it new rights and a core
// file. RLIMIT_DATA and not RLIMIT_AS: the runtime reserves far more address space than it uses.
func limitMemory(bytes uint64) {
	_ = unix.Setrlimit(unix.RLIMIT_DATA, &unix.Rlimit{Cur: bytes, Max: bytes})
	_ = unix.Setrlimit(unix.RLIMIT_CPU, &unix.Rlimit{Cur: uint64(childTime.Seconds()) * 2, Max: uint64(childTime.Seconds()) * 2})
	_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
	_ = unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{})
	_ = unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
}
