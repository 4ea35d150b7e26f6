package connector_test

import (
	"context"
	"testing"
	"time"

	"github.com/omniposto/omniposto/app/connector"
)

// unnamed says that its handle is published, and leaves finding the post to its list.
type unnamed struct {
	*toy
	list []connector.Seen
}

func (u unnamed) List(context.Context, *connector.Call) ([]connector.Seen, error) { return u.list, nil }
func (unnamed) Sign(p *connector.Pass) string                                     { return p.Draft.Text }
func (unnamed) Look(context.Context, *connector.Call, *connector.Pass) (connector.Sight, error) {
	return connector.Sight{Found: &connector.Receipt{}}, nil
}

func TestWhatIsPublishedIsNeverCalledAbsent(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		list []connector.Seen
		end  connector.Ended
	}{
		"listed":     {[]connector.Seen{{Receipt: connector.Receipt{ID: "7"}, Sign: "hello"}}, connector.EndFound},
		"not listed": {nil, connector.EndCantTell},
		"another's":  {[]connector.Seen{{Receipt: connector.Receipt{ID: "7"}, Sign: "other words"}}, connector.EndCantTell},
	} {
		u := unnamed{newToy(), c.list}
		u.spec.Kinds[0].Once = connector.Once{By: connector.Handle, Unnamed: true, Why: "it has a handle"}
		g, _ := against(t, answer(200, `{}`))
		g.Doubt = &connector.Intent{Step: "post"}
		if out := connector.Reconcile(context.Background(), u, draft(), g); out.End != c.end {
			t.Errorf("%s: %s %q", name, out.End, out.Words)
		}
	}
}

func TestAnInstantIsFoundInsideAHeader(t *testing.T) {
	t.Parallel()
	until := connector.Until{Header: "X-Usage", Find: `"regain":\s*(\d+)`, As: connector.Minutes, Else: time.Hour}
	for header, want := range map[string]time.Duration{
		`{"17":[{"calls":100,"regain":3}]}`: 3 * time.Minute,
		`{"17":[{"calls":100,"regain":0}]}`: time.Hour,
		`{"17":[]}`:                         time.Hour,
		``:                                  time.Hour,
	} {
		p := newToy()
		p.spec.Failures = connector.Failures{{Status: 400, Class: connector.RateLimited, Until: until}}
		g, _ := against(t, answer(400, `{}`, "X-Usage", header))
		if out := connector.Walk(context.Background(), p, draft(), g); out.Class != connector.RateLimited || !out.Until.Equal(noon.Add(want)) {
			t.Errorf("%s: %s %s", header, out.Class, out.Until)
		}
	}
}
