package connector_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/omniposto/omniposto/app/connector"
)

// threaded lists its channel and its threads apart.
type threaded struct {
	*toy
	asked *[]string
}

func (t threaded) List(context.Context, *connector.Call) ([]connector.Seen, error) {
	*t.asked = append(*t.asked, "channel")
	return []connector.Seen{{Receipt: connector.Receipt{ID: "c"}}}, nil
}

func (t threaded) ListUnder(_ context.Context, _ *connector.Call, parent connector.Receipt) ([]connector.Seen, error) {
	*t.asked = append(*t.asked, "under "+parent.ID)
	return []connector.Seen{{Receipt: connector.Receipt{ID: "t"}, Sign: "k1"}}, nil
}
func (t threaded) Sign(p *connector.Pass) string { return p.Draft.Key }

func TestWhatFollowsAPostIsMarkedAndLookedForUnderIt(t *testing.T) {
	t.Parallel()
	for role, want := range map[connector.Role]struct {
		asked string
		end   connector.Ended
	}{connector.Post: {"channel", connector.EndAbsent}, connector.Reply: {"under 7", connector.EndFound}} {
		var asked []string
		pub := threaded{newToy(), &asked}
		pub.spec.Kinds[0].Roles = []connector.Role{connector.Post, connector.Reply}
		pub.spec.Kinds[0].Once = connector.Once{By: connector.Lookup, Why: "it lists"}
		g, m := against(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
		d := draft()
		d.Role = role
		if role == connector.Reply {
			d.Parent = &connector.Receipt{ID: "7"}
		}
		if out := connector.Walk(context.Background(), pub, d, g); out.End != connector.EndUnsure || len(m.intent) != 1 || len(asked) != 1 || asked[0] != want.asked {
			t.Fatalf("%s: %s, asked %v", role, out.End, asked)
		}
		g.Doubt = &m.intent[0]
		g.Doubt.Mark = nil
		if out := connector.Reconcile(context.Background(), pub, d, g); out.End != want.end || asked[len(asked)-1] != want.asked {
			t.Errorf("%s: %s, asked %v", role, out.End, asked)
		}
	}
}
