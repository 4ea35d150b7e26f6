package media

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/omniposto/omniposto/app/base/clock"
)

// childMark is the variable that makes a process a child; it holds the child's limits. Nothing else of the environment is
// handed on, so no secret is.
const childMark = "OMNIPOSTO_MEDIA_CHILD"

// limits bound a child.
type limits struct {
	memory uint64        // bytes, hard where the system can; the collector begins to hurry at two thirds
	time   time.Duration // of the wall; twice as much of the processors
}

// childLimits are those of every child. 50 million pixels of HEIC or PNG take 1.7 GB and 25 s on a slow machine.
var childLimits = limits{memory: 2 << 30, time: 90 * time.Second}

func (l limits) String() string { return fmt.Sprintf("%d,%d", l.memory, l.time.Milliseconds()) }

func parseLimits(s string) (limits, bool) {
	var memory uint64
	var ms int64
	n, err := fmt.Sscanf(s, "%d,%d", &memory, &ms)
	return limits{memory, time.Duration(ms) * time.Millisecond}, n == 2 && err == nil
}

const maxLine = 64 << 10

// task is the line that a child reads before the file.
type task struct {
	MIME string `json:"mime"`
	Size int64  `json:"size"`
}

// word is one line of a child's answer: a form that follows, the end, or a verdict.
type word struct {
	Copy    *wireCopy `json:"copy,omitempty"`
	Facts   *facts    `json:"facts,omitempty"`
	Problem string    `json:"problem,omitempty"`
	Cause   string    `json:"cause,omitempty"`
}

type wireCopy struct {
	Name   Rendition `json:"name"`
	MIME   string    `json:"mime"`
	Bytes  int64     `json:"bytes"`
	Width  int       `json:"width"`
	Height int       `json:"height"`
}

// ChildMain is called first thing in main. It returns at once, unless this process was started by the package to decode
// one picture: then it does that and ends the process.
func ChildMain() {
	limits, child := parseLimits(os.Getenv(childMark))
	if !child {
		return
	}
	limits.apply()
	debug.SetMemoryLimit(int64(limits.memory / 3 * 2)) //nolint:gosec // far below
	late, _ := clock.System().Timer(limits.time)
	go func() {
		<-late
		os.Exit(3)
	}()
	in, out := os.Stdin, os.Stdout
	os.Stdout = os.Stderr // what a decoder prints must not get between the lines of the answer
	if err := answer(in, out); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// answer reads a task and a file, and writes forms and facts, or a verdict.
func answer(in io.Reader, out io.Writer) error {
	r := bufio.NewReader(in)
	line, err := r.ReadSlice('\n')
	if err != nil {
		return fmt.Errorf("read task: %w", err)
	}
	var t task
	if err := json.Unmarshal(line, &t); err != nil || t.Size < 0 || t.Size > maxPictureBytes {
		return fmt.Errorf("read task: %w", err)
	}
	file := make([]byte, t.Size)
	if _, err := io.ReadFull(r, file); err != nil {
		return fmt.Errorf("read file: %w", err)
	}
	w := bufio.NewWriterSize(out, 256<<10)
	say := json.NewEncoder(w)
	f, err := cleanPicture(t.MIME, bytes.NewReader(file), t.Size, func(c Copy, content []byte) error {
		if err := say.Encode(word{Copy: &wireCopy{c.Name, c.MIME, c.Bytes, c.Width, c.Height}}); err != nil {
			return err
		}
		_, err := w.Write(content)
		return err
	})
	if v := verdictOf(err); v != nil {
		err = say.Encode(word{Problem: v.Code, Cause: v.Error()})
	} else if err == nil {
		err = say.Encode(word{Facts: &f})
	}
	return errors.Join(err, w.Flush())
}

// childPicture has a picture cleaned in a child process; put takes each finished form as a stream. A child that dies or
// takes too long has met a file that is too heavy; trouble on this side is an error of another kind.
func childPicture(ctx context.Context, mime string, r io.ReaderAt, size int64, put func(Copy, io.Reader) error) (facts, error) {
	limited, cancel := context.WithTimeout(ctx, childLimits.time+10*time.Second)
	defer cancel()
	cmd, out, err := startChild(limited, task{mime, size}, r)
	if err != nil {
		return facts{}, fmt.Errorf("start decoder: %w", err)
	}
	var complaint tail
	cmd.Stderr = &complaint
	if err := cmd.Start(); err != nil {
		return facts{}, fmt.Errorf("start decoder: %w", err)
	}
	f, err := hear(out, put)
	if err != nil {
		cancel() // it may still be writing
	}
	gone := cmd.Wait()
	var unheard *deafError
	if errors.As(err, &unheard) {
		if ctx.Err() != nil { // we ended it
			return f, ctx.Err()
		}
		return f, ErrHeavy.Because(fmt.Errorf("decoder ended with %v: %s", gone, complaint.text()))
	}
	return f, err
}

// startChild prepares the process; the task and the file are its standard input.
func startChild(ctx context.Context, t task, r io.ReaderAt) (*exec.Cmd, io.Reader, error) {
	program := "/proc/self/exe" // still the same program after an update has replaced the file
	if runtime.GOOS != "linux" {
		var err error
		if program, err = os.Executable(); err != nil {
			return nil, nil, err
		}
	}
	line, err := json.Marshal(t)
	if err != nil {
		return nil, nil, err
	}
	cmd := exec.CommandContext(ctx, program)
	cmd.Env = []string{childMark + "=" + childLimits.String(), "GOMAXPROCS=2"}
	cmd.Dir = os.TempDir()
	cmd.WaitDelay = 5 * time.Second
	cmd.Stdin = io.MultiReader(bytes.NewReader(append(line, '\n')), section(r, t.Size))
	out, err := cmd.StdoutPipe()
	return cmd, out, err
}

// deafError says that a child's answer ended before its time or made no sense.
type deafError struct{ why error }

// Error implements error.
func (d *deafError) Error() string { return "decoder's answer: " + d.why.Error() }

// hear reads a child's answer.
func hear(out io.Reader, put func(Copy, io.Reader) error) (facts, error) {
	r := bufio.NewReaderSize(out, maxLine)
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return facts{}, &deafError{err}
		}
		var w word
		if err := json.Unmarshal(line, &w); err != nil {
			return facts{}, &deafError{err}
		}
		switch {
		case w.Copy != nil:
			c := Copy{Name: w.Copy.Name, MIME: w.Copy.MIME, Bytes: w.Copy.Bytes, Width: w.Copy.Width, Height: w.Copy.Height}
			part := &countingReader{r: io.LimitReader(r, c.Bytes), limit: -1}
			if err := put(c, part); err != nil {
				return facts{}, err
			}
			if part.n != c.Bytes {
				return facts{}, &deafError{io.ErrUnexpectedEOF}
			}
		case w.Facts != nil:
			return *w.Facts, nil
		default:
			return facts{}, verdict(w.Problem).Because(errors.New(w.Cause))
		}
	}
}

// tail keeps the beginning of what a child complains, for the log.
type tail struct{ b []byte }

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	t.b = append(t.b, p[:min(len(p), 1000-len(t.b))]...)
	return len(p), nil
}

func (t *tail) text() string { return string(bytes.TrimSpace(t.b)) }
