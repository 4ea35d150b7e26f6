package main

import (
	"bytes"
	"os"
	"testing"
)

func TestListIsCurrent(t *testing.T) {
	t.Parallel()
	want, err := source("../..")
	if err != nil {
		t.Fatal(err)
	}
	have, err := os.ReadFile("../all.go")
	if err != nil || !bytes.Equal(have, want) {
		t.Errorf("all.go isn't what the folders say: run go generate ./app/connector/all (%v)", err)
	}
}
