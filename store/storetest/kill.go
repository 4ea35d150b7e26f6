package storetest

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/omniposto/omniposto/store"
)

// folderOfChild is the environment variable that makes a test binary a child which only writes.
const folderOfChild = "STORETEST_FOLDER"

// Main is the body of TestMain for an engine whose content lasts: started as a child it writes until it is killed, else
// it runs the tests.
func Main(m *testing.M, open func(folder string) (store.Engine, error)) {
	folder := os.Getenv(folderOfChild)
	if folder == "" {
		os.Exit(m.Run())
	}
	if err := writeForEver(folder, open); err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
}

// writeForEver counts in 8 goroutines, each under its own key and with a record, and prints each number after its Update
// returned.
func writeForEver(folder string, open func(string) (store.Engine, error)) error {
	e, err := open(folder)
	if err != nil {
		return err
	}
	db, err := store.Open(context.Background(), e, visits)
	if err != nil {
		return err
	}
	if err := db.Check(context.Background()); err != nil {
		return err
	}
	var out sync.Mutex
	failed := make(chan error)
	for w := range 8 {
		go func() {
			for {
				n := 0
				err := db.Update(context.Background(), func(tx store.Tx) error { n = count(tx, w); return nil })
				if err != nil {
					failed <- err
					return
				}
				out.Lock()
				fmt.Printf("%d %d\n", w, n)
				out.Unlock()
			}
		}()
	}
	return <-failed
}

// count adds one to writer w's number, and keeps its last 500 numbers as records.
func count(tx store.Tx, w int) int {
	n, _ := strconv.Atoi(string(tx.Get(key("count", w))))
	n++
	tx.Put(key("count", w), []byte(strconv.Itoa(n)))
	visits.Put(tx, Visit{House: id{byte(w)}, ID: idOf(w, n), Due: int64(n), Name: strings.Repeat("n", n%300)})
	visits.Delete(tx, store.K(id{byte(w)}, idOf(w, n-500)))
	return n
}

// idOf is the id of the record of writer w's n-th count.
func idOf(w, n int) id { return id{byte(w), byte(n >> 16), byte(n >> 8), byte(n)} }

// Killed lets a child write into a store and kills it, the number of times, at random places. After each kill every index
// is right, and every number that the child printed is there.
func Killed(t *testing.T, open Open, kills int) {
	r := NewRandom(t)
	folder := t.TempDir()
	told := make([]int, 8)
	for kill := range kills {
		child(t, folder, r.N(400), told)
		e := open(t, folder)
		view(t, e, func(tx store.ReadTx) {
			if err := visits.Check(tx); err != nil {
				t.Errorf("after kill %d: %v", kill, err)
			}
			for w, n := range told {
				got, _ := strconv.Atoi(string(tx.Get(key("count", w))))
				if got < n {
					t.Errorf("after kill %d: writer %d is at %d, but was told %d", kill, w, got, n)
				}
				if _, ok := visits.Get(tx, store.K(id{byte(w)}, idOf(w, got))); !ok && got > 0 {
					t.Errorf("after kill %d: writer %d is at %d, but its record isn't there", kill, w, got)
				}
				told[w] = got
			}
		})
		// Every other time the next child finds the file as the kill left it.
		if kill%2 == 0 {
			update(t, e, func(tx store.Tx) { tx.Put(key("kills"), []byte(strconv.Itoa(kill))) })
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// child runs one child until it printed n lines, kills it, and reads what it printed.
func child(t *testing.T, folder string, n int, told []int) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), folderOfChild+"="+folder)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for read := 0; lines.Scan(); read++ {
		var w, at int
		if _, err := fmt.Sscan(lines.Text(), &w, &at); err != nil || w >= len(told) {
			t.Errorf("the child says %q", lines.Text())
		} else {
			told[w] = max(told[w], at)
		}
		if read == n {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	cmd.Wait() //nolint:errcheck // it was killed
}
