package connector_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/omniposto/omniposto/app/connector"
)

// reading is a toy whose list doesn't show what was written.
type reading struct {
	*toy
	asked []string
}

func (r *reading) List(ctx context.Context, c *connector.Call) ([]connector.Seen, error) {
	_, err := c.Send(ctx, connector.Request{Path: "/list"})
	var seen []connector.Seen
	for _, id := range []string{"new", "another's", "old"} {
		seen = append(seen, connector.Seen{Receipt: connector.Receipt{ID: id}})
	}
	return seen, err
}

func (r *reading) Sign(p *connector.Pass) string { return p.Draft.Text }

func (r *reading) SignOf(_ context.Context, _ *connector.Call, seen connector.Receipt) (string, error) {
	r.asked = append(r.asked, seen.ID)
	return map[string]string{"new": "hello", "old": "hello", "another's": "hello"}[seen.ID], nil
}

func TestSignsAreReadOnlyOfWhatMayBeThePost(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		once connector.Once
		want connector.Ended
	}{
		"found":             {"hello", connector.Once{By: connector.Lookup}, connector.EndFound},
		"found, else ask":   {"hello", connector.Once{By: connector.Lookup, Then: connector.Ask}, connector.EndFound},
		"not there":         {"bye", connector.Once{By: connector.Lookup}, connector.EndAbsent},
		"not found, so ask": {"bye", connector.Once{By: connector.Lookup, Then: connector.Ask}, connector.EndCantTell},
	} {
		g, _ := against(t, answer(http.StatusOK, "{}"))
		g.Doubt = &connector.Intent{Mark: []string{"old"}}
		g.Known = func(id string) bool { return id == "another's" }
		r := &reading{toy: newToy()}
		r.spec.Kinds[0].Once = c.once
		d := draft()
		d.Text = c.text
		out := connector.Reconcile(t.Context(), r, d, g)
		if out.End != c.want || len(r.asked) != 1 || r.asked[0] != "new" {
			t.Errorf("%s: %s, asked of %v", name, out.End, r.asked)
		}
		if c.want == connector.EndFound && out.Receipt.ID != "new" {
			t.Errorf("%s: %+v", name, out.Receipt)
		}
	}
}
