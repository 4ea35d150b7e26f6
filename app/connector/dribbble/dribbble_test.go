package dribbble

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/conform"
	"github.com/omniposto/omniposto/app/connector/dribbble/dribbblefake"
	"github.com/omniposto/omniposto/app/connector/fake"
)

func TestConnector(t *testing.T) { conform.Run(t, New, dribbblefake.New) }

func open(t *testing.T) *conform.Rig {
	return conform.Open(t, New, dribbblefake.New, fake.Account{Way: "oauth"})
}

func TestSettingsReachDribbble(t *testing.T) {
	t.Parallel()
	r := open(t)
	d := r.Draft("shot")
	d.Text = "Some **bold** words"
	d.Settings = json.RawMessage(`{"title":"A title","tags":["one"],"team":{"id":"39","label":"The team"},"low_profile":true,"rebound":"https://dribbble.com/shots/471756-Sasquatch"}`)
	m := r.Seen(r.Publish(d).ID).More
	for name, want := range map[string]string{"title": "A title", "tag": "one", "team": "39", "low": "true", "rebound": "471756", "html": "<p>Some <strong>bold</strong> words</p>\n"} {
		if m[name] != want {
			t.Errorf("%s is %q", name, m[name])
		}
	}
}

func TestRulesThatAFormCantSay(t *testing.T) {
	t.Parallel()
	r := open(t)
	for _, c := range []struct {
		name          string
		width, height int
		settings      string
		want          string
	}{
		{"small", 320, 240, `{"title":"A"}`, "media_pixels"},
		{"square", 800, 800, `{"title":"A"}`, "media_ratio"},
		{"whole", 1600, 1200, `{"title":"A"}`, ""},
		{"rebound", 800, 600, `{"title":"A","rebound":"https://dribbble.com/ada"}`, "rebound_unknown"},
	} {
		d := r.Draft("shot")
		d.Media[0].Width, d.Media[0].Height, d.Settings = c.width, c.height, json.RawMessage(c.settings)
		var got []string
		for _, tr := range spec.Check(&d) {
			got = append(got, tr.Code)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %q", c.name, got, c.want)
		}
	}
}

func TestTheAddressIsFetchedWhenDribbbleIsDone(t *testing.T) {
	t.Parallel()
	r := open(t)
	shot := r.Publish(r.Draft("shot"))
	if shot.Permalink != "https://dribbble.com/shots/"+shot.ID {
		t.Error(shot.Permalink)
	}
	after := r.Draft("shot")
	after.Role, after.Parent, after.Root = connector.Finish, &shot, &shot
	if got := r.Publish(after); got.ID != shot.ID || got.Permalink != "https://dribbble.com/shots/"+shot.ID+"-A-title" {
		t.Errorf("%+v", got)
	}
}

func TestAShotIsEditedAndDeleted(t *testing.T) {
	t.Parallel()
	r := open(t)
	shot := r.Publish(r.Draft("shot"))
	m := Connector{}
	r.Do(func(ctx context.Context, c *connector.Call) error {
		d := r.Draft("shot")
		d.Text, d.Settings = "Changed", json.RawMessage(`{"title":"Other"}`)
		_, err := m.Edit(ctx, c, shot, &d)
		return err
	})
	if got := r.Seen(shot.ID); strings.TrimSpace(got.Text) != "Changed" || got.More["title"] != "Other" {
		t.Errorf("edited is %q %v", got.Text, got.More)
	}
	r.Do(func(ctx context.Context, c *connector.Call) error {
		teams, err := m.Lookup(ctx, c, "teams", "", nil)
		if len(teams) != 1 || teams[0].ID != "39" {
			t.Errorf("%v", teams)
		}
		return err
	})
	for range 2 { // deleting what is gone is no error
		r.Do(func(ctx context.Context, c *connector.Call) error { return m.Delete(ctx, c, shot) })
	}
	if n := len(r.Platform().Visible()); n != 0 {
		t.Errorf("%d are visible", n)
	}
}
