// Command fakes runs fakes of platforms as servers on this machine, for the flows of the interface:
//
//	go run -tags nodynamic ./ui/test/fakes x mastodon
//
// It prints one line of JSON with the address of each, and the app that is registered there, and ends when its input does.
// PUT /-/callback with an address is what the app's owner enters at the platform as the address to come back to.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/omniposto/omniposto/app/connector/fake"
	"github.com/omniposto/omniposto/app/connector/fakes"
)

type running struct {
	URL    string `json:"url"`
	ID     string `json:"id,omitempty"`
	Secret string `json:"secret,omitempty"`
}

func main() {
	all := map[string]running{}
	for _, name := range os.Args[1:] {
		one, err := run(name)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		all[name] = one
	}
	if err := json.NewEncoder(os.Stdout).Encode(all); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
}

func run(name string) (running, error) {
	build, ok := fakes.All[name]
	if !ok {
		return running{}, fmt.Errorf("there is no fake %q", name)
	}
	platform := build(fake.World{})
	mux := http.NewServeMux()
	mux.Handle("/", platform)
	one := running{}
	if at, ok := platform.(fake.Registered); ok {
		one.ID, one.Secret = at.Owner().ID, at.Owner().Secret
	}
	if at, ok := platform.(interface{ Register(callback string) }); ok {
		mux.HandleFunc("PUT /-/callback", func(w http.ResponseWriter, r *http.Request) {
			callback, err := io.ReadAll(r.Body)
			if err != nil {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			at.Register(string(callback))
			w.WriteHeader(http.StatusNoContent)
		})
	}
	one.URL = httptest.NewServer(mux).URL
	return one, nil
}
