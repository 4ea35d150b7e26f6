package main

import (
	"bytes"
	"os"
	"testing"
)

func TestListsAreCurrent(t *testing.T) {
	t.Parallel()
	for file, make := range map[string]func(string) ([]byte, error){"../all.go": source, "../../fakes/fakes.go": fakes} {
		want, err := make("../..")
		if err != nil {
			t.Fatal(err)
		}
		have, err := os.ReadFile(file)
		if err != nil || !bytes.Equal(have, want) {
			t.Errorf("%s isn't what the folders say: run go generate ./app/connector/all (%v)", file, err)
		}
	}
}
