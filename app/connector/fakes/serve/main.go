// Command fakes runs the platforms' fakes for the flows in a browser, each as a server of its own on this machine:
//
//	go run ./app/connector/fakes/serve wordpress mastodon
//
// It prints one line of JSON that says where each stands, what a person would enter to connect it, and which app is
// registered there. It answers GET /-/visible at each with what anybody could see there, takes by PUT /-/callback what the
// app's owner enters there as the address to come back to, and ends when its input does.
//
// Caveats: for tests alone; the product never imports it.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"

	"github.com/omniposto/omniposto/app/connector/fake"
	"github.com/omniposto/omniposto/app/connector/fakes"
)

// stand is where one fake is found.
type stand struct {
	URL  string `json:"url"`
	Ways []way  `json:"ways"`
	App  *app   `json:"app,omitempty"`
}

// app is what an administrator copies from the platform's console.
type app struct {
	ID     string `json:"id"`
	Secret string `json:"secret"`
}

// way is one way to connect it.
type way struct {
	Way    string            `json:"way"`
	Fields map[string]string `json:"fields"`
}

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(names []string, until io.Reader, out io.Writer) error {
	stands := map[string]stand{}
	for _, name := range names {
		begin, ok := fakes.All[name]
		if !ok {
			return fmt.Errorf("there is no fake of %q", name)
		}
		at, err := serve(begin(fake.World{}))
		if err != nil {
			return err
		}
		stands[name] = at
	}
	if err := json.NewEncoder(out).Encode(stands); err != nil {
		return fmt.Errorf("fakes: %w", err)
	}
	_, err := io.Copy(io.Discard, until)
	return err
}

// serve begins to answer for a platform on a port that is free.
func serve(p fake.Platform) (stand, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return stand{}, fmt.Errorf("fakes: %w", err)
	}
	routes := http.NewServeMux()
	routes.Handle("/", p)
	routes.HandleFunc("GET /-/visible", func(w http.ResponseWriter, _ *http.Request) { fake.Answer(w, http.StatusOK, p.Visible()) })
	at := stand{URL: "http://" + l.Addr().String(), Ways: []way{}}
	for _, a := range p.Accounts() {
		at.Ways = append(at.Ways, way{a.Way, a.Fields})
	}
	if r, ok := p.(fake.Registered); ok {
		at.App = &app{r.Owner().ID, r.Owner().Secret}
	}
	if r, ok := p.(interface{ Register(callback string) }); ok {
		routes.HandleFunc("PUT /-/callback", func(w http.ResponseWriter, req *http.Request) {
			callback, err := io.ReadAll(req.Body)
			if err != nil {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			r.Register(string(callback))
			w.WriteHeader(http.StatusNoContent)
		})
	}
	go func() { _ = http.Serve(l, routes) }() //nolint:gosec // nobody slow is here
	return at, nil
}
