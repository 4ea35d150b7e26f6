package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// Engine is an ordered map of byte keys with transactions.
type Engine interface {
	// View runs fn on one state of the store. It returns fn's error or the first one given to Fail.
	View(ctx context.Context, fn func(ReadTx) error) error
	// Update runs fn and makes its changes durable, all or none. fn may run again. It returns fn's error, the first one
	// given to Fail, or why the change could not be written. A context that ends before fn runs takes the call back;
	// afterwards the answer is waited for, so that it is always certain.
	Update(ctx context.Context, fn func(Tx) error) error
	// Backup writes one consistent copy while reads and writes go on, and says how many bytes it wrote.
	Backup(w io.Writer) (int64, error)
	// Close refuses new calls, lets the accepted ones finish, and gives the files back.
	Close() error
}

// ReadTx reads one state of the store. It may be used only by the goroutine that runs the function it was given to.
type ReadTx interface {
	// Get returns the value of k, or nil when there is none. The bytes are valid until the function returns and must not
	// be changed.
	Get(k []byte) []byte
	// Scan calls fn for each key in [from, to) in byte order, or against it when back is set, until fn returns false.
	// fn may write; it sees what it wrote if that lies ahead. k and v are valid until the function returns. A nil to has
	// no upper end.
	Scan(from, to []byte, back bool, fn func(k, v []byte) bool)
	// Now is the store's clock: in UTC, without a monotonic reading.
	Now() time.Time
	// Fail keeps the first error; View and Update return it, and Update undoes the change. Nil is ignored.
	Fail(err error)
}

// Tx reads and writes. Put and Delete copy what they are given.
type Tx interface {
	ReadTx
	// Put sets the value of k. A key must not be empty.
	Put(k, v []byte)
	// Delete removes k; an absent key is fine.
	Delete(k []byte)
}

// Errors of every engine; compare with errors.Is.
var (
	// ErrClosed is the answer of a store after Close.
	ErrClosed = errors.New("the store is closed")
	// ErrBroken means that a commit returned an error: whether it is on the disk is not known, and the memory of the
	// system can't be trusted. The process must end and open the store again. A commit is never tried twice.
	ErrBroken = errors.New("the store is broken until the process starts again")
	// ErrTooBig means that one function wrote more than an engine takes in one transaction.
	ErrTooBig = errors.New("the change is too big for one transaction")
	// ErrFull means that there is no space for writing. Reading goes on.
	ErrFull = errors.New("the disk is full")
	// ErrLocked means that another process has the store open.
	ErrLocked = errors.New("the store is in use by another process")
	// ErrDamaged means that what was read is not what was written.
	ErrDamaged = errors.New("the store is damaged")
	// ErrKey means that a key was empty, or longer than an engine takes (32,768 bytes).
	ErrKey = errors.New("not a key")
	// ErrNewer means that a newer version of the program wrote it.
	ErrNewer = errors.New("written by a newer version of the program")
)

// Panic carries the panic of a function that ran on another goroutine to the goroutine that called Update.
type Panic struct {
	Value any
	Stack []byte // of the goroutine that ran the function
}

// Error makes an uncaught panic print where it began.
func (p *Panic) Error() string { return fmt.Sprintf("%v\n\nin a transaction:\n%s", p.Value, p.Stack) }

// Unwrap gives the value if it was an error.
func (p *Panic) Unwrap() error {
	err, _ := p.Value.(error)
	return err
}

// Figures is what an engine tells about itself; what it doesn't know is zero.
type Figures struct {
	Bytes      int64         // size of the file
	FreePages  int           // pages of the file that can be used again
	FreeBytes  int64         // the same in bytes
	Calls      uint64        // Update functions that ran
	Commits    uint64        // transactions made durable
	CommitTime time.Duration // spent in commits, all together; zero when the engine was given no measure of time
	Waiting    int           // Update calls that wait for the writer now
	Readers    int           // View and Backup calls that run now
	ReadOnly   bool          // no space: Update answers ErrFull
	Broken     bool          // a commit failed: Update answers ErrBroken
}

// Disk is what an engine on a disk can do besides.
type Disk interface {
	// ReadOnly says that there was no space when the store was opened or last probed; Update answers ErrFull.
	ReadOnly() bool
	// Probe tries to write beside the store, and sets or ends the read-only state by the result.
	Probe() error
	// Stats tells sizes and counts. It is cheap.
	Stats() Figures
}
