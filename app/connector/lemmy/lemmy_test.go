package lemmy

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/conform"
	"github.com/omniposto/omniposto/app/connector/fake"
	"github.com/omniposto/omniposto/app/connector/lemmy/lemmyfake"
)

func TestConnector(t *testing.T) { conform.Run(t, New, lemmyfake.New) }

func TestConnectorOnVersion4(t *testing.T) { conform.Run(t, New, lemmyfake.New1) }

// servers are one of each version.
var servers = map[string]conform.NewFake{"v3": lemmyfake.New, "v4": lemmyfake.New1}

func open(t *testing.T, server conform.NewFake) *conform.Rig {
	return conform.Open(t, New, server, fake.Account{Way: "password", Fields: map[string]string{"server": "lemmy.example", "username": "me", "password": lemmyfake.Password}})
}

func TestThePasswordIsUsedOnceAndTheSessionKept(t *testing.T) {
	t.Parallel()
	for version, server := range servers {
		r := open(t, server)
		ch := r.Channel()
		if ch.More["api"] != version || ch.Handle != "@me@lemmy.example" || ch.Name != "Me" || ch.RemoteID != "7" {
			t.Errorf("%s: %+v", version, ch)
		}
		r.Do(func(_ context.Context, c *connector.Call) error {
			if c.Token.Access.Empty() || len(c.Token.Extra) != 0 {
				t.Errorf("%s: %d secrets are kept beside the session", version, len(c.Token.Extra))
			}
			return nil
		})
	}
}

func TestASecondFactorIsAskedFor(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{"": "second factor", "000000": "second factor", " 271 828 ": ""} {
		for version, server := range servers {
			fields := map[string]string{"server": "lemmy.example", "username": "guarded", "password": lemmyfake.Password, "totp": code}
			_, err := conform.TryOpen(t, New, server, fake.Account{Way: "password", Fields: fields})
			if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("%s with %q: %v", version, code, err)
			}
		}
	}
}

func TestSettingsReachTheServer(t *testing.T) {
	t.Parallel()
	for version, server := range servers {
		r := open(t, server)
		d := r.Draft("text")
		d.Settings = json.RawMessage(`{"communities":[{"id":"12","label":"!indoor"}],"title":"News of today","url":"https://example.com/a","nsfw":true,"language":{"id":"37","label":"English"},"thumbnail":"https://example.com/t.jpg"}`)
		got := r.Seen(r.Publish(d).ID).More
		for name, want := range map[string]string{"community": "12", "url": "https://example.com/a", "nsfw": "true", "language": "37", "thumbnail": "https://example.com/t.jpg"} {
			if got[name] != want {
				t.Errorf("%s: %s is %q", version, name, got[name])
			}
		}
	}
}

func TestRulesThatAFormCantSay(t *testing.T) {
	t.Parallel()
	r := open(t, lemmyfake.New)
	for title, want := range map[string]string{"News": "", `two\nlines`: "title_invalid", "  a  ": "title_invalid", "": "setting_missing", "ab": "setting_invalid"} {
		d := r.Draft("text")
		d.Settings = json.RawMessage(`{"communities":[{"id":"12"}],"title":"` + title + `"}`)
		if got := codes(&d); !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("%q: %s, want %s", title, got, want)
		}
	}
	d := r.Draft("images")
	d.Text = strings.Repeat("a", maxBody)
	if got := codes(&d); got != "text_too_long" {
		t.Errorf("a text that leaves no room for its pictures: %s", got)
	}
	d.Settings = json.RawMessage(`{"communities":[{"id":"11"},{"id":"12"}],"title":"Both"}`)
	d.Text = "Hello"
	if out := r.Refused(d); out.Class != connector.Rejected || out.Sent {
		t.Errorf("two communities in one delivery: %+v", out)
	}
}

func codes(d *connector.Draft) string {
	var out []string
	for _, t := range spec.Check(d) {
		if t.Severity == connector.Block {
			out = append(out, t.Code)
		}
	}
	return strings.Join(out, " ")
}

func TestAltTextsWithBracketsComeThrough(t *testing.T) {
	t.Parallel()
	r := open(t, lemmyfake.New)
	d := r.Draft("images")
	d.Media[1].Alt = `A sign [old] \ "here"`
	if got := r.Seen(r.Publish(d).ID); len(got.Files) != 2 || got.Files[1].Alt != d.Media[1].Alt {
		t.Errorf("%+v", got.Files)
	}
}

func TestCommunitiesAndLanguagesAreFound(t *testing.T) {
	t.Parallel()
	for version, server := range servers {
		open(t, server).Do(func(ctx context.Context, c *connector.Call) error {
			all, err := Connector{}.Lookup(ctx, c, "community", "", nil)
			some, err2 := Connector{}.Lookup(ctx, c, "community", "indoor", nil)
			if err != nil || err2 != nil || len(all) != 2 || len(some) != 1 || some[0].ID != "12" || some[0].Label != "!indoor@other.example (Indoor life)" {
				t.Errorf("%s: %v %v %v %v", version, all, some, err, err2)
			}
			speak, err := Connector{}.Lookup(ctx, c, "language", "engl", nil)
			if len(speak) != 1 || speak[0].ID != "37" {
				t.Errorf("%s: %v", version, speak)
			}
			return err
		})
	}
}

func TestAPostIsEditedMeasuredCommentedAndDeleted(t *testing.T) {
	t.Parallel()
	for version, server := range servers {
		r := open(t, server)
		first := r.Publish(r.Draft("images"))
		note := r.Draft("comment")
		note.Role, note.Parent, note.Root = connector.Comment, &first, &first
		second := r.Publish(note)
		deeper := r.Draft("comment")
		deeper.Role, deeper.Parent, deeper.Root = connector.Reply, &second, &first
		third := r.Publish(deeper)
		m := Connector{}
		r.Do(func(ctx context.Context, c *connector.Call) error {
			d := r.Draft("images")
			d.Text = "Changed"
			_, err := m.Edit(ctx, c, first, &d)
			d.Text = "Another word"
			if err == nil {
				_, err = m.Edit(ctx, c, second, &d)
			}
			return err
		})
		if got := r.Seen(first.ID).Text; !strings.HasPrefix(got, "Changed\n\n![") || r.Seen(second.ID).Text != "Another word" {
			t.Errorf("%s: edited are %q and %q", version, got, r.Seen(second.ID).Text)
		}
		r.Do(func(ctx context.Context, c *connector.Call) error {
			figures, err := m.Measure(ctx, c, []connector.Receipt{first, second, {ID: "post/404404"}})
			if len(figures) != 2 || fmt.Sprint(figures[0].Counts) != "map[downvotes:1 likes:5 replies:2 score:4]" {
				t.Errorf("%s: %v", version, figures)
			}
			return err
		})
		r.Do(func(ctx context.Context, c *connector.Call) error {
			answers, _, err := m.Replies(ctx, c, first, "")
			if len(answers) != 2 || answers[0].ID != second.ID || answers[0].Parent != first.ID || answers[1].Parent != second.ID || answers[1].Handle != "@me@lemmy.example" {
				t.Errorf("%s: %+v", version, answers)
			}
			return err
		})
		for range 2 { // deleting what is gone is no error
			r.Do(func(ctx context.Context, c *connector.Call) error { return m.Delete(ctx, c, third) })
			r.Do(func(ctx context.Context, c *connector.Call) error { return m.Delete(ctx, c, first) })
		}
		if n := len(r.Platform().Visible()); n != 1 {
			t.Errorf("%s: %d are visible", version, n)
		}
	}
}

func TestTheSessionIsEndedAtTheServer(t *testing.T) {
	t.Parallel()
	for version, server := range servers {
		r := open(t, server)
		next := r.Draft("text")
		for range 2 {
			r.Do(func(ctx context.Context, c *connector.Call) error { return Connector{}.Revoke(ctx, c) })
		}
		if out := r.Refused(next); out.End != connector.EndReconnect || !strings.Contains(out.Words, "session") {
			t.Errorf("%s: %s %q", version, out.End, out.Words)
		}
	}
}
