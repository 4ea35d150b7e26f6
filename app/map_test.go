package app_test

import (
	"bufio"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/omniposto/omniposto/"

// house is the repository as the tests of its rules see it.
type house struct {
	order []string            // packages below app, as doc.go lists them
	files map[string][]string // package below the module to its Go files
}

func readHouse(t *testing.T) house {
	t.Helper()
	h := house{files: map[string][]string{}}
	f, err := os.Open("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if line, ok := strings.CutPrefix(s.Text(), "//\t"); ok {
			h.order = append(h.order, strings.Fields(line)[0])
		}
	}
	for _, root := range []string{".", "../store", "../ui", "../main.go"} {
		err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.IsDir() && (d.Name() == "node_modules" || d.Name() == "testdata" || d.Name() == "dist") {
				return filepath.SkipDir
			}
			if strings.HasSuffix(path, ".go") {
				pkg := filepath.ToSlash(filepath.Dir(filepath.Join("app", path)))
				h.files[pkg] = append(h.files[pkg], path)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return h
}

// place is where a package stands in the map; a connector's folder matches the line with the star.
func (h house) place(pkg string) int {
	name := strings.TrimPrefix(pkg, "app/")
	if i := slices.Index(h.order, name); i >= 0 {
		return i
	}
	if parent, ok := strings.CutPrefix(name, "connector/"); ok && parent != "" {
		return slices.Index(h.order, "connector/*")
	}
	return -1
}

func imports(t *testing.T, path string) []string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, i := range f.Imports {
		p, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, p)
	}
	return out
}

// TestMapAndFoldersAgree fails for a folder that has no line in doc.go, and for a line that has no folder.
func TestMapAndFoldersAgree(t *testing.T) {
	h := readHouse(t)
	for pkg := range h.files {
		if pkg != "app" && strings.HasPrefix(pkg, "app/") && h.place(pkg) < 0 {
			t.Errorf("%s has no line in app/doc.go", pkg)
		}
	}
	for _, name := range h.order {
		if !strings.Contains(name, "*") && h.files["app/"+name] == nil {
			t.Errorf("app/doc.go lists %s, but there is no such folder", name)
		}
	}
}

// TestImportsFollowTheMap fails for a package that imports what stands after it.
func TestImportsFollowTheMap(t *testing.T) {
	h := readHouse(t)
	for pkg, files := range h.files {
		if pkg == "app" || !strings.HasPrefix(pkg, "app/") {
			continue
		}
		for _, path := range files {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			for _, imported := range imports(t, path) {
				target, ours := strings.CutPrefix(imported, module)
				if !ours || strings.HasPrefix(target, "store") {
					continue
				}
				if !strings.HasPrefix(target, "app/") || h.place(target) >= h.place(pkg) && target != pkg && !sameFamily(pkg, target) {
					t.Errorf("%s imports %s, which stands after it in app/doc.go", path, target)
				}
			}
		}
	}
	for _, path := range append(h.files["store"], h.files["store/bolt"]...) {
		for _, imported := range imports(t, path) {
			if strings.HasPrefix(imported, module+"app") {
				t.Errorf("%s imports %s: the store knows nothing of the product", path, imported)
			}
		}
	}
}

// sameFamily lets a connector's fake stand beside it, and a member of a family import its family.
func sameFamily(a, b string) bool {
	return strings.HasPrefix(a, "app/connector/") && strings.HasPrefix(b, "app/connector/") && !strings.HasSuffix(b, "/all")
}

// bans are narrower than the map, each with its reason.
var bans = []struct{ in, what, except, why string }{
	{"app/connector", module + "store", "", "a connector sees a draft and a token, never our records"},
	{"", "github.com/gofiber/fiber", "app/api", "Fiber's strings are reused after a handler returns: only the border may hold them"},
	{"", "github.com/valyala/fasthttp", "app/api", "Fiber's engine belongs to the border too"},
	{"", "github.com/danielgtaylor/huma", "app/op app/api", "huma is the form of operations, not of the product"},
	{"", "go.etcd.io/bbolt", "store/bolt", "drivers live in their engine"},
	{"", "crypto/rand", "app/base/random", "randomness has one source"},
	{"", "math/rand", "", "randomness has one source"},
	{"", "github.com/omniposto/omniposto/app/config", "app main", "everybody else gets values"},
}

// TestBans fails for an import that a ban forbids.
func TestBans(t *testing.T) {
	h := readHouse(t)
	for pkg, files := range h.files {
		for _, path := range files {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			for _, imported := range imports(t, path) {
				for _, b := range bans {
					if !strings.HasPrefix(imported, b.what) || b.in != "" && pkg != b.in && !strings.HasPrefix(pkg, b.in+"/") {
						continue
					}
					if slices.ContainsFunc(strings.Fields(b.except), func(e string) bool { return pkg == e }) || pkg == strings.TrimPrefix(b.what, module) {
						continue
					}
					t.Errorf("%s imports %s: %s", path, imported, b.why)
				}
			}
		}
	}
}

// forbidden are calls that only one place may make.
var forbidden = []struct {
	call   string
	where  []string
	reason string
}{
	{"time.Now(", []string{"app/base/clock"}, "the time comes from base/clock"},
	{"time.Since(", []string{"app/base/clock"}, "the time comes from base/clock"},
	{"time.Until(", []string{"app/base/clock"}, "the time comes from base/clock"},
	{"time.Sleep(", nil, "nothing sleeps: wait on a clock or a signal"},
	{"time.NewTimer(", []string{"app/base/clock"}, "timers come from base/clock"},
	{"time.After(", nil, "timers come from base/clock"},
	{"time.AfterFunc(", nil, "timers come from base/clock"},
	{"time.NewTicker(", nil, "timers come from base/clock"},
	{"http.Get(", nil, "whatever leaves goes through base/outbound"},
	{"http.Post(", nil, "whatever leaves goes through base/outbound"},
	{"http.DefaultClient", nil, "whatever leaves goes through base/outbound"},
	{"net.Dial(", nil, "whatever leaves goes through base/outbound"},
	{"net.DialTimeout(", nil, "whatever leaves goes through base/outbound"},
	{"net.Dialer{", []string{"app/base/outbound", "app"}, "whatever leaves goes through base/outbound; app dials its own control socket"},
	{"http.Client{", []string{"app/base/outbound", "app", "app/cli"}, "whatever leaves goes through base/outbound; app and cli call the server of this machine or the one named"},
}

// TestOneClockOneWayOut greps for calls that have one place, in the product's own files.
func TestOneClockOneWayOut(t *testing.T) {
	h := readHouse(t)
	for pkg, files := range h.files {
		for _, path := range files {
			if strings.HasSuffix(path, "_test.go") || strings.Contains(pkg, "fake") || strings.Contains(pkg, "conform") || strings.Contains(pkg, "s3test") || strings.Contains(pkg, "storetest") {
				continue
			}
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for n, line := range strings.Split(string(raw), "\n") {
				code, _, _ := strings.Cut(line, "//")
				for _, f := range forbidden {
					if strings.Contains(code, f.call) && !slices.Contains(f.where, pkg) {
						t.Errorf("%s:%d %s: %s", path, n+1, f.call, f.reason)
					}
				}
			}
		}
	}
}

// TestNoTestDoubleInTheBinary follows the imports of the program and fails where a fake or a suite is reached.
func TestNoTestDoubleInTheBinary(t *testing.T) {
	h := readHouse(t)
	seen := map[string]bool{}
	var walk func(pkg string)
	walk = func(pkg string) {
		if seen[pkg] {
			return
		}
		seen[pkg] = true
		for _, path := range h.files[pkg] {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			for _, imported := range imports(t, path) {
				if target, ours := strings.CutPrefix(imported, module); ours {
					walk(target)
				}
			}
		}
	}
	walk("app")
	for pkg := range seen {
		if strings.Contains(pkg, "fake") || strings.Contains(pkg, "conform") || strings.Contains(pkg, "test") || strings.Contains(pkg, "twice") {
			t.Errorf("the program reaches %s", pkg)
		}
	}
	if len(seen) < 20 {
		t.Fatalf("only %d packages were walked: the walk is broken", len(seen))
	}
}
