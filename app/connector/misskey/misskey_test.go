package misskey

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/conform"
	"github.com/omniposto/omniposto/app/connector/fake"
	"github.com/omniposto/omniposto/app/connector/misskey/misskeyfake"
)

func TestConnector(t *testing.T) { conform.Run(t, New, misskeyfake.New) }

func open(t *testing.T) *conform.Rig {
	return conform.Open(t, New, misskeyfake.New, fake.Account{Way: "token", Fields: map[string]string{"server": "misskey.example", "token": misskeyfake.Token}})
}

func TestServersTellTheirLimits(t *testing.T) {
	t.Parallel()
	ch := open(t).Channel()
	if ch.Facts[factCharacters] != 3000 || ch.Facts[factFileBytes] != 10<<20 || ch.Handle != "@me@misskey.example" || ch.URL != "https://misskey.example/@me" {
		t.Errorf("%+v", ch)
	}
}

func TestSettingsReachTheServer(t *testing.T) {
	t.Parallel()
	r := open(t)
	d := r.Draft("text")
	d.Settings = json.RawMessage(`{"visibility":"home","cw":"Careful","local_only":true,"channel":{"id":"chan2","label":"Indoor"},"reaction_acceptance":"likeOnly","quote":"https://misskey.example/notes/9abc","poll_choices":["yes","no"],"poll_expires_in":60}`)
	got := r.Seen(r.Publish(d).ID).More
	for name, want := range map[string]string{"visibility": "home", "cw": "Careful", "local": "true", "channel": "chan2", "reactions": "likeOnly", "renote": "9abc", "poll": "yes|no 60000"} {
		if got[name] != want {
			t.Errorf("%s is %q", name, got[name])
		}
	}
}

func TestRulesThatAFormCantSay(t *testing.T) {
	t.Parallel()
	r := open(t)
	for settings, want := range map[string]string{
		`{}`:                              "",
		`{"poll_choices":["one"]}`:        "poll_invalid",
		`{"poll_choices":["a","a"]}`:      "poll_invalid",
		`{"quote":"https://a.example/!"}`: "quote_unknown",
		`{"poll_choices":["a","` + strings.Repeat("b", 51) + `"]}`: "poll_invalid",
	} {
		d := r.Draft("text")
		d.Settings = json.RawMessage(settings)
		if got := codes(spec.Check(&d)); got != want {
			t.Errorf("%.60s: %s, want %s", settings, got, want)
		}
	}
	d := r.Draft("files")
	d.Media[0].Alt = strings.Repeat("👨‍👩‍👧‍👦", 100) // 100 clusters, 700 code points
	if got := codes(spec.Check(&d)); got != "alt_too_long" {
		t.Errorf("a long alt text: %s", got)
	}
}

func codes(list []connector.Trouble) string {
	var out []string
	for _, t := range list {
		out = append(out, t.Code)
	}
	return strings.Join(out, " ")
}

// TestTheSameBytesKeepTheAltTextOfEachNote: a server gives the file that it has; its words may be another note's.
func TestTheSameBytesKeepTheAltTextOfEachNote(t *testing.T) {
	t.Parallel()
	r := open(t)
	first := r.Draft("files")
	second := first
	second.Key, second.Text = strings.Repeat("a", 32), "Another"
	second.Media = append([]connector.Media(nil), first.Media...)
	second.Media[0].Alt = "Other words"
	a, b := r.Seen(r.Publish(first).ID), r.Seen(r.Publish(second).ID)
	if a.Files[0].Alt != first.Media[0].Alt || b.Files[0].Alt != "Other words" {
		t.Errorf("%q and %q", a.Files[0].Alt, b.Files[0].Alt)
	}
	if a.Files[1].ID != b.Files[1].ID {
		t.Error("the file whose words are the same is there twice")
	}
}

func TestANoteIsMeasuredAnsweredAndDeleted(t *testing.T) {
	t.Parallel()
	r := open(t)
	first := r.Publish(r.Draft("files"))
	reply := r.Draft("text")
	reply.Role, reply.Parent, reply.Root = connector.Reply, &first, &first
	second := r.Publish(reply)
	m := Connector{}
	r.Do(func(ctx context.Context, c *connector.Call) error {
		figures, err := m.Measure(ctx, c, []connector.Receipt{first, {ID: "404404"}})
		if len(figures) != 1 || fmt.Sprint(figures[0].Counts) != "map[likes:3 replies:1 reposts:2]" {
			t.Errorf("%v", figures)
		}
		return err
	})
	r.Do(func(ctx context.Context, c *connector.Call) error {
		answers, _, err := m.Replies(ctx, c, first, "")
		if len(answers) != 1 || answers[0].ID != second.ID || answers[0].Parent != first.ID || answers[0].Handle != "@me" {
			t.Errorf("%+v", answers)
		}
		return err
	})
	for range 2 { // deleting what is gone is no error
		r.Do(func(ctx context.Context, c *connector.Call) error { return m.Delete(ctx, c, first) })
	}
	if n := len(r.Platform().Visible()); n != 1 {
		t.Errorf("%d are visible", n)
	}
}

func TestSignedInAccessIsEndedAtTheServer(t *testing.T) {
	t.Parallel()
	r := conform.Open(t, New, misskeyfake.New, fake.Account{Way: "miauth", Fields: map[string]string{"server": "@me@misskey.example"}})
	for range 2 { // ending what has ended is no error
		r.Do(func(ctx context.Context, c *connector.Call) error { return Connector{}.Revoke(ctx, c) })
	}
	if out := r.Refused(r.Draft("text")); out.End != connector.EndReconnect || out.Words == "" {
		t.Errorf("%s %q", out.End, out.Words)
	}
}

func TestChannelsAreFoundByTheirName(t *testing.T) {
	t.Parallel()
	open(t).Do(func(ctx context.Context, c *connector.Call) error {
		list, err := Connector{}.Lookup(ctx, c, "channel", "OUT", nil)
		if len(list) != 1 || list[0].ID != "chan1" || list[0].Label != "Outdoor" {
			t.Errorf("%v", list)
		}
		return err
	})
}

// TestNotesInChannelsAreListed: a list without them would call a note absent that stands there.
func TestNotesInChannelsAreListed(t *testing.T) {
	t.Parallel()
	r := open(t)
	d := r.Draft("text")
	d.Settings = json.RawMessage(`{"channel":{"id":"chan1","label":"Outdoor"}}`)
	posted := r.Publish(d)
	r.Do(func(ctx context.Context, c *connector.Call) error {
		seen, err := Connector{}.List(ctx, c)
		if len(seen) != 1 || seen[0].ID != posted.ID {
			t.Errorf("%+v", seen)
		}
		return err
	})
}
