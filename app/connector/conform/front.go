package conform

import (
	"net/http"

	"github.com/omniposto/omniposto/app/connector/fake"
)

// First sees a request before the platform p does; it says whether it has answered in its place.
type First func(p fake.Platform, w http.ResponseWriter, r *http.Request) (answered bool)

// InFront makes a platform with somebody in front of it, for a connector's own tests of lost answers and of what people do
// meanwhile. Rig.Platform is still the platform itself.
func InFront(platform NewFake, first First) NewFake {
	return func(w fake.World) fake.Platform { return &front{platform(w), first} }
}

type front struct {
	fake.Platform
	first First
}

// ServeHTTP implements http.Handler.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !f.first(f.Platform, w, r) {
		f.Platform.ServeHTTP(w, r)
	}
}
