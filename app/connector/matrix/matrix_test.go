package matrix

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/conform"
	"github.com/omniposto/omniposto/app/connector/fake"
	"github.com/omniposto/omniposto/app/connector/matrix/matrixfake"
)

func TestConnector(t *testing.T) { conform.Run(t, New, matrixfake.New) }

// TestItIsOnceWithoutTheServersMemory: the field of ours is enough where a server forgets transaction ids, or knows them by
// a token that was renewed since.
func TestItIsOnceWithoutTheServersMemory(t *testing.T) {
	forgetful := func(w fake.World) fake.Platform {
		p := matrixfake.New(w).(*matrixfake.Platform)
		p.Forgets = true
		return p
	}
	for _, b := range conform.Find("testdata", New, forgetful, "CrashAnywhere", "FaultAnywhere", "SameWordsTwice") {
		t.Error(b)
	}
}

func fields(change map[string]string) map[string]string {
	out := map[string]string{"server": "matrix.example", "room": "#news:matrix.example", "username": "@ada:matrix.example", "password": matrixfake.Password}
	for name, v := range change {
		out[name] = v
	}
	return out
}

func open(t *testing.T) *conform.Rig {
	return conform.Open(t, New, matrixfake.New, fake.Account{Way: "password", Fields: fields(nil)})
}

func TestTheServerIsFoundAndTheSessionKept(t *testing.T) {
	t.Parallel()
	r := open(t)
	ch := r.Channel()
	if ch.More["home"] != "https://synapse.matrix.example" || ch.RemoteID != matrixfake.Room || ch.Handle != "#news:matrix.example" || ch.Name != "News" || ch.Facts[factUpload] != 20<<20 {
		t.Errorf("%+v", ch)
	}
	r.Do(func(_ context.Context, c *connector.Call) error {
		if c.Token.Access.Empty() || c.Token.Refresh.Empty() || c.Token.ExpiresAt.IsZero() || len(c.Token.Extra) != 0 {
			t.Errorf("%+v, %d secrets beside it", c.Token, len(c.Token.Extra))
		}
		return nil
	})
	if got := r.Publish(r.Draft("text")).Permalink; !strings.HasSuffix(got, "?via=matrix.example") || !strings.HasPrefix(got, "https://matrix.to/#/%21room:matrix.example/$event") {
		t.Errorf("the permalink is %s", got)
	}
}

func TestConnectingSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change map[string]string
		want   string
	}{
		"a wrong password":       {map[string]string{"password": "wrong-password"}, "Name or password isn't right"},
		"a room without writing": {map[string]string{"room": matrixfake.Quiet}, "may read in the room but not write"},
		"an encrypted room":      {map[string]string{"room": matrixfake.Sealed}, "This room is encrypted"},
		"a room of others":       {map[string]string{"room": "!other:matrix.example"}, "isn't in the room"},
		"an unknown address":     {map[string]string{"room": "#nothing:matrix.example"}, "alias not found"},
		"no address":             {map[string]string{"room": "news"}, "begins with #"},
	} {
		_, err := conform.TryOpen(t, New, matrixfake.New, fake.Account{Way: "password", Fields: fields(c.change)})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	own := func(w fake.World) fake.Platform {
		p := matrixfake.New(w).(*matrixfake.Platform)
		p.NoLogin = true
		return p
	}
	if _, err := conform.TryOpen(t, New, own, fake.Account{Way: "password", Fields: fields(nil)}); err == nil || !strings.Contains(err.Error(), "Paste an access token") {
		t.Errorf("a server that signs in elsewhere: %v", err)
	}
}

func TestSettingsReachTheServer(t *testing.T) {
	t.Parallel()
	r := open(t)
	d := r.Draft("text")
	d.Text = "**Bold** for @bob:matrix.example and (@eve:other.example:8448)."
	d.Settings = json.RawMessage(`{"msgtype":"m.notice","mention_room":true,"thread":"$root"}`)
	got := r.Seen(r.Publish(d).ID)
	for name, want := range map[string]string{"type": "m.notice", "users": "@bob:matrix.example @eve:other.example:8448", "room": "true", "root": "$root"} {
		if got.More[name] != want {
			t.Errorf("%s is %q", name, got.More[name])
		}
	}
	if !strings.Contains(got.More["html"], "<strong>Bold</strong>") || got.Text != d.Text || got.Parent != "$root" {
		t.Errorf("%+v", got)
	}
	d.Key, d.Settings = strings.Repeat("b", 32), json.RawMessage(`{"format":false}`)
	if got := r.Seen(r.Publish(d).ID); got.More["html"] != "" {
		t.Errorf("unformatted it has %q", got.More["html"])
	}
}

// TestWhatFitsIsTakenAndWhatDoesntIsRefused: by Check and server alike, whatever the signs take on the wire.
func TestWhatFitsIsTakenAndWhatDoesntIsRefused(t *testing.T) {
	t.Parallel()
	for name, sign := range map[string]string{"plain": "a", "escaped": "\"\n", "marked": "**b** ", "of three bytes": "字"} {
		r := open(t)
		d := r.Draft("text")
		fits := func(n int) bool { d.Text = strings.Repeat(sign, n) + "."; return len(spec.Check(&d)) == 0 }
		most := 0
		for step := 1 << 16; step > 0; step /= 2 {
			if fits(most + step) {
				most += step
			}
		}
		if fits(most + 1) {
			t.Errorf("%s: %d and more fit", name, most)
		}
		if fits(most); most < 2000 {
			t.Errorf("%s: only %d fit", name, most)
		}
		r.Publish(d)
	}
}

func TestAnAltTextIsTheCaptionWhereThereIsNoOther(t *testing.T) {
	t.Parallel()
	r := open(t)
	d := r.Draft("file")
	d.Text, d.Media[0].Alt = "", "A red square"
	if got := r.Seen(r.Publish(d).ID); got.Text != "A red square" || got.More["type"] != "m.image" {
		t.Errorf("%+v", got)
	}
}

func TestAnEventIsEditedMeasuredAnsweredAndDeleted(t *testing.T) {
	t.Parallel()
	r := open(t)
	first := r.Publish(r.Draft("file"))
	reply := r.Draft("text")
	reply.Role, reply.Parent, reply.Root = connector.Reply, &first, &first
	second := r.Publish(reply)
	third := r.Draft("text")
	third.Role, third.Parent, third.Root = connector.Reply, &second, &first
	if got := r.Seen(r.Publish(third).ID); got.Parent != second.ID || got.More["root"] != first.ID {
		t.Errorf("the third stands under %q in the thread of %q", got.Parent, got.More["root"])
	}
	m := Connector{}
	r.Do(func(ctx context.Context, c *connector.Call) error {
		d := r.Draft("file")
		d.Text = "Changed *words*"
		_, err := m.Edit(ctx, c, first, &d)
		return err
	})
	if got := r.Seen(first.ID); got.Text != "Changed *words*" || !strings.Contains(got.More["html"], "<em>") || len(got.Files) != 1 {
		t.Errorf("edited is %+v", got)
	}
	r.Do(func(ctx context.Context, c *connector.Call) error {
		figures, err := m.Measure(ctx, c, []connector.Receipt{first, {ID: "$nothing"}})
		if len(figures) != 1 || fmt.Sprint(figures[0].Counts) != "map[likes:2 replies:2]" {
			t.Errorf("%v", figures)
		}
		return err
	})
	r.Do(func(ctx context.Context, c *connector.Call) error {
		answers, _, err := m.Replies(ctx, c, first, "")
		if len(answers) != 2 || answers[0].ID != second.ID || answers[0].Parent != first.ID || answers[0].Handle != "@ada:matrix.example" || answers[0].Author != "ada" {
			t.Errorf("%+v", answers)
		}
		return err
	})
	for range 2 {
		r.Do(func(ctx context.Context, c *connector.Call) error { return m.Delete(ctx, c, first) })
	}
	if n := len(r.Platform().Visible()); n != 2 {
		t.Errorf("%d are visible", n)
	}
}

func TestTheSessionIsEndedAtTheServer(t *testing.T) {
	t.Parallel()
	r := conform.Open(t, New, matrixfake.New, fake.Account{Way: "token", Fields: map[string]string{"server": "matrix.example", "room": matrixfake.Room, "token": matrixfake.Token}})
	for range 2 {
		r.Do(func(ctx context.Context, c *connector.Call) error { return Connector{}.Revoke(ctx, c) })
	}
	if out := r.Refused(r.Draft("text")); out.End != connector.EndReconnect || !strings.Contains(out.Words, "session") {
		t.Errorf("%s %q", out.End, out.Words)
	}
}
