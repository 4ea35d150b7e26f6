package conform

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

func TestSuiteAndFakesNeverReachTheProduct(t *testing.T) {
	t.Parallel()
	root := "../../.."
	ours := func(path string) bool {
		return strings.Contains(path, "/connector/conform") || strings.Contains(path, "/connector/fake") || strings.HasSuffix(filepath.Dir(path), "fake")
	}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git" || d.Name() == "dist") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || ours(filepath.ToSlash(path)) {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, i := range file.Imports {
			if name := strings.Trim(i.Path.Value, `"`); ours("/" + name + "/x") {
				t.Errorf("%s imports %s", path, name)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestFakesNeverImportTheirConnector(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../*/*fake/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	for _, f := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), f, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		mine := "/connector/" + filepath.Base(filepath.Dir(filepath.Dir(f)))
		for _, i := range parsed.Imports {
			if strings.HasSuffix(strings.Trim(i.Path.Value, `"`), mine) {
				t.Errorf("%s imports its connector", f)
			}
		}
	}
}
