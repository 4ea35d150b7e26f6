package conform

import (
	"context"
	"testing"

	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/fake"
)

// Rig is a connector with its fake for a connector's own tests: settings, edits, figures, and whatever the laws don't ask.
type Rig struct {
	t *testing.T
	b *bench
}

// Open makes a fresh platform and connects to it; it fails the test when connecting does.
func Open(t *testing.T, pub New, platform NewFake, account fake.Account) *Rig {
	t.Helper()
	r, err := TryOpen(t, pub, platform, account)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TryOpen is Open for accounts that may not connect.
func TryOpen(t *testing.T, pub New, platform NewFake, account fake.Account) (*Rig, error) {
	t.Helper()
	b := newSuite(t.Name(), "testdata", pub, platform).unconnected()
	t.Cleanup(b.close)
	return &Rig{t, b}, b.connect(account)
}

// Platform is the fake.
func (r *Rig) Platform() fake.Platform {
	if f, ok := r.b.platform.(*front); ok {
		return f.Platform
	}
	return r.b.platform
}

// Clock is the test's clock, the platform's too.
func (r *Rig) Clock() *clock.Manual { return r.b.clock }

// Channel is what was connected.
func (r *Rig) Channel() connector.Channel { return r.b.channel }

// Draft is a plain draft of a kind, with files as the kind needs them.
func (r *Rig) Draft(kind string) connector.Draft {
	r.t.Helper()
	k, ok := r.b.spec.Kind(kind)
	if !ok {
		r.t.Fatalf("there is no kind %s", kind)
	}
	return r.b.draft(k)
}

// Publish runs a delivery and fails the test unless it is published.
func (r *Rig) Publish(d connector.Draft) connector.Receipt {
	r.t.Helper()
	l := r.b.life(d).run()
	if l.state != published {
		r.t.Fatal(l)
	}
	return l.receipt
}

// Refused runs a delivery and gives how its last walk ended; it fails the test if it was published.
func (r *Rig) Refused(d connector.Draft) connector.Outcome {
	r.t.Helper()
	l := r.b.life(d).run()
	if l.state == published {
		r.t.Fatal(l)
	}
	return l.outs[len(l.outs)-1]
}

// Seen is the one visible post with this id.
func (r *Rig) Seen(id string) fake.Post {
	r.t.Helper()
	for _, p := range r.b.platform.Visible() {
		if p.ID == id {
			return p
		}
	}
	r.t.Fatalf("%s isn't visible", id)
	return fake.Post{}
}

// Do does one thing outside of a walk and fails the test when that fails.
func (r *Rig) Do(do func(context.Context, *connector.Call) error) {
	r.t.Helper()
	if err := r.Try(do); err != nil {
		r.t.Fatal(err)
	}
}

// Try does one thing outside of a walk.
func (r *Rig) Try(do func(context.Context, *connector.Call) error) error {
	g := r.b.grip()
	_, err := connector.Do(context.Background(), r.b.pub, r.b.channel, &g, "test", func(ctx context.Context, c *connector.Call) (bool, error) {
		return true, do(ctx, c)
	})
	return err
}
