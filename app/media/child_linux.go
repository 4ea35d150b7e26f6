package media

import "golang.org/x/sys/unix"

// apply bounds what the process may write to in memory and its processor time, and forbids it new rights, files and a core
// file. RLIMIT_DATA and not RLIMIT_AS: the runtime reserves far more address space than it uses.
func (l limits) apply() {
	seconds := uint64(l.time.Seconds())*2 + 1
	_ = unix.Setrlimit(unix.RLIMIT_DATA, &unix.Rlimit{Cur: l.memory, Max: l.memory})
	_ = unix.Setrlimit(unix.RLIMIT_CPU, &unix.Rlimit{Cur: seconds, Max: seconds})
	_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
	_ = unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{})
	_ = unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
}
