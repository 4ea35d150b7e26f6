package nostr

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/conform"
	"github.com/omniposto/omniposto/app/connector/fake"
	"github.com/omniposto/omniposto/app/connector/nostr/nostrfake"
)

func TestConnector(t *testing.T) { conform.Run(t, New, nostrfake.New) }

func fields(change map[string]string) map[string]string {
	out := map[string]string{"key": nostrfake.Key, "relays": "wss://relay.example", "media": "https://blossom.example"}
	for name, v := range change {
		out[name] = v
	}
	return out
}

func open(t *testing.T) *conform.Rig {
	return conform.Open(t, New, nostrfake.New, fake.Account{Way: "key", Fields: fields(nil)})
}

// TestNamesAreThoseOfNIP19 holds bech32 against the examples of the specification.
func TestNamesAreThoseOfNIP19(t *testing.T) {
	t.Parallel()
	key, err := readKey(nostrfake.Key)
	if err != nil || hex.EncodeToString(key.Serialize()) != nostrfake.KeyHex {
		t.Fatalf("nsec: %v", err)
	}
	if again, err := readKey(nostrfake.KeyHex); err != nil || author(again) != nostrfake.Author {
		t.Errorf("hex: %v", err)
	}
	if got := npub(nostrfake.Author); got != "npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjptg" {
		t.Errorf("npub: %s", got)
	}
	kind, id, _ := named("nostr:nprofile1qqsrhuxx8l9ex335q7he0f09aej04zpazpl0ne2cgukyawd24mayt8gpp4mhxue69uhhytnc9e3k7mgpz4mhxue69uhkg6nzv9ejuumpv34kytnrdaksjlyr9p")
	if kind != "nprofile" || id != "3bf0c63fcb93463407af97a5e5ee64fa883d107ef9e558472c4eb9aaaefa459d" {
		t.Errorf("nprofile: %s %s", kind, id)
	}
	e := event{ID: strings.Repeat("ab", 32), Author: nostrfake.Author, Kind: noteKind}
	if kind, id, by := named(e.name("wss://relay.example")); kind != "nevent" || id != e.ID || by != e.Author {
		t.Errorf("nevent: %s %s %s", kind, id, by)
	}
	for _, wrong := range []string{"", "nsec1", "npub1zzz", nostrfake.Key[:62] + "6", strings.Repeat("0", 64), strings.Repeat("f", 64), npub(nostrfake.Author)} {
		if _, err := readKey(wrong); err == nil {
			t.Errorf("%q is taken for a key", wrong)
		}
	}
}

// TestAnEventHasTheSameNumberForAll: what encoding/json would write otherwise stands as it is.
func TestAnEventHasTheSameNumberForAll(t *testing.T) {
	t.Parallel()
	r := open(t)
	d := r.Draft("note")
	d.Text = "a<b>&c \"quoted\" back\\slash\ttab\nline\u2028sep \x07bell 👨‍👩‍👧‍👦"
	if got := r.Seen(r.Publish(d).ID); got.Text != strings.ReplaceAll(d.Text, "\x07", "") { // the relay computes it by itself
		t.Errorf("%q", got.Text)
	}
}

func TestConnectingSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change map[string]string
		want   string
	}{
		"a public key": {map[string]string{"key": npub(nostrfake.Author)}, "no private key"},
		"a web page":   {map[string]string{"relays": "https://relay.example"}, "no address of a relay"},
		"with a name":  {map[string]string{"relays": "wss://me:secret@relay.example"}, "no address of a relay"},
	} {
		_, err := conform.TryOpen(t, New, nostrfake.New, fake.Account{Way: "key", Fields: fields(c.change)})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// listed is a relay that knows the key's profile and lists.
func listed(t *testing.T) conform.NewFake {
	t.Helper()
	return func(w fake.World) fake.Platform {
		p := nostrfake.New(w).(*nostrfake.Platform)
		r := conform.Open(t, New, nostrfake.New, fake.Account{Way: "key", Fields: fields(nil)})
		r.Do(func(ctx context.Context, c *connector.Call) error {
			for _, e := range []event{
				{Kind: profileKind, CreatedAt: 5, Content: `{"name":"ada","display_name":"Ada","picture":"https://example.com/ada.png"}`},
				{Kind: profileKind, CreatedAt: 1, Content: `{"name":"old"}`},
				{Kind: relaysKind, CreatedAt: 5, Tags: [][]string{{"r", "wss://write.example", "write"}, {"r", "wss://read.example", "read"}, {"r", "wss://both.example"}, {"r", "http://bad.example"}}},
				{Kind: serversKind, CreatedAt: 5, Tags: [][]string{{"server", "https://files.example/"}}},
			} {
				signed, err := sign(ctx, c, e)
				if err != nil {
					return err
				}
				raw, _ := json.Marshal(signed)
				p.Lists = append(p.Lists, string(raw))
				signed.Content = "forged"
				raw, _ = json.Marshal(signed)
				p.Lists = append(p.Lists, string(raw))
			}
			return nil
		})
		return p
	}
}

func TestTheKeysOwnListsCount(t *testing.T) {
	t.Parallel()
	ch := conform.Open(t, New, listed(t), fake.Account{Way: "key", Fields: map[string]string{"key": nostrfake.KeyHex}}).Channel()
	if ch.Name != "Ada" || ch.More["relays"] != "wss://write.example wss://both.example" || ch.More["media"] != "https://files.example" || ch.Facts[factMedia] != 1 {
		t.Errorf("%+v", ch)
	}
}

func TestWithoutAServerForFilesThereAreNone(t *testing.T) {
	t.Parallel()
	r := conform.Open(t, New, nostrfake.New, fake.Account{Way: "key", Fields: fields(map[string]string{"media": ""})})
	if out := r.Refused(r.Draft("files")); out.Step != "check" || !strings.Contains(out.Words, "no server for files") {
		t.Errorf("%+v", out)
	}
}

func TestSettingsReachTheRelay(t *testing.T) {
	t.Parallel()
	r := open(t)
	d := r.Draft("note")
	d.Text = "Hello #Outdoor nostr:" + npub(nostrfake.Author) + "."
	quoted := (&event{ID: strings.Repeat("cd", 32), Author: nostrfake.Author, Kind: noteKind}).name("")
	d.Settings = json.RawMessage(`{"content_warning":"Careful","language":"en","quote":"` + quoted + `"}`)
	got := r.Seen(r.Publish(d).ID)
	for _, want := range []string{"t|outdoor", "p|" + nostrfake.Author, "content-warning|Careful", "l|en|ISO-639-1", "q|" + strings.Repeat("cd", 32) + "||" + nostrfake.Author, "client|Omni Posto"} {
		if !strings.Contains(got.More["tags"], want+"\n") {
			t.Errorf("%s is missing in %s", want, got.More["tags"])
		}
	}
	if !strings.HasSuffix(got.Text, "\nnostr:"+quoted) {
		t.Errorf("%q", got.Text)
	}
}

func TestAnArticleOfTheSameNameTakesTheOthersPlace(t *testing.T) {
	t.Parallel()
	r := open(t)
	var last connector.Receipt
	for i := range 2 {
		d := r.Draft("article")
		d.Text = fmt.Sprintf("# Article %d", i)
		d.Settings = json.RawMessage(`{"title":"News","slug":"news","summary":"In short","image":"https://example.com/a.png"}`)
		last = r.Publish(d)
	}
	posts := r.Platform().Visible()
	if len(posts) != 1 || posts[0].ID != last.ID || !strings.Contains(posts[0].More["tags"], "d|news\ntitle|News\npublished_at|") || last.More["address"] != "30023:"+nostrfake.Author+":news" || !strings.HasPrefix(last.Permalink, "https://njump.me/naddr1") {
		t.Errorf("%v %+v", posts, last)
	}
	note := r.Draft("note")
	note.Role, note.Parent, note.Root = connector.Comment, &last, &last
	if got := r.Seen(r.Publish(note).ID); got.More["kind"] != "1111" || got.Parent != last.ID || !strings.Contains(got.More["tags"], "A|"+last.More["address"]) {
		t.Errorf("a comment is %+v", got)
	}
}

func TestRulesThatAFormCantSay(t *testing.T) {
	t.Parallel()
	r := open(t)
	for settings, want := range map[string]string{
		`{}`: "", `{"quote":"` + npub(nostrfake.Author) + `"}`: "quote_unknown", `{"quote":"nothing"}`: "quote_unknown",
	} {
		d := r.Draft("note")
		d.Settings = json.RawMessage(settings)
		if got := codes(&d); got != want {
			t.Errorf("%s: %s, want %s", settings, got, want)
		}
	}
	d := r.Draft("article")
	d.Settings = json.RawMessage(`{"title":"News","slug":"Not This"}`)
	if got := codes(&d); got != "slug_invalid" {
		t.Errorf("a slug: %s", got)
	}
	d = r.Draft("files")
	if d.Text = strings.Repeat("a", maxNote-len(d.Media)*longestFile+1); codes(&d) != "text_too_long" {
		t.Errorf("a text that leaves no room for its files: %s", codes(&d))
	}
}

func codes(d *connector.Draft) string {
	var out []string
	for _, t := range spec.Check(d) {
		out = append(out, t.Code)
	}
	return strings.Join(out, " ")
}

func TestARelayThatAsksIsToldWhoWeAre(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.Platform().(*nostrfake.Platform).Auth = true
	r.Publish(r.Draft("note"))
	if n := len(r.Platform().Visible()); n != 1 {
		t.Errorf("%d are visible", n)
	}
}

func TestWhatARelayRefusesIsTold(t *testing.T) {
	t.Parallel()
	for says, want := range map[string]string{"blocked: you aren't on the list": "Choose others", "pow: difficulty 26 is less than 30": "proof of work", "invalid: bad": "something wrong"} {
		r := open(t)
		r.Platform().(*nostrfake.Platform).Says = says
		if out := r.Refused(r.Draft("note")); out.Class != connector.Rejected || !strings.Contains(out.Words, want) {
			t.Errorf("%s: %s %q", says, out.Class, out.Words)
		}
	}
}

// TestAQuorumIsTheReceipt: both relays stand behind one door here; what counts is how many must take it.
func TestAQuorumIsTheReceipt(t *testing.T) {
	t.Parallel()
	two := fake.Account{Way: "key", Fields: fields(map[string]string{"relays": "wss://relay.example, wss://second.example"})}
	r := conform.Open(t, New, nostrfake.New, two)
	d := r.Draft("note")
	d.Settings = json.RawMessage(`{"min_relays":2}`)
	posted := r.Publish(d)
	if posts := r.Platform().Visible(); len(posts) != 1 || posts[0].ID != posted.ID {
		t.Errorf("%v", posts)
	}
	if !strings.HasPrefix(posted.Permalink, "https://njump.me/nevent1") {
		t.Errorf("the permalink is %s", posted.Permalink)
	}
}

func TestANoteIsMeasuredAnsweredAndDeleted(t *testing.T) {
	t.Parallel()
	r := open(t)
	first := r.Publish(r.Draft("files"))
	reply := r.Draft("note")
	reply.Role, reply.Parent, reply.Root = connector.Reply, &first, &first
	second := r.Publish(reply)
	m := Connector{}
	r.Do(func(ctx context.Context, c *connector.Call) error {
		like, err := sign(ctx, c, event{Kind: likeKind, CreatedAt: c.Now.Unix(), Content: "+", Tags: [][]string{{"e", first.ID}}})
		if err == nil {
			err = send(ctx, c, like, 1)
		}
		return err
	})
	r.Do(func(ctx context.Context, c *connector.Call) error {
		figures, err := m.Measure(ctx, c, []connector.Receipt{first})
		if len(figures) != 1 || fmt.Sprint(figures[0].Counts) != "map[likes:1 replies:1 reposts:0 zaps:0]" {
			t.Errorf("%v", figures)
		}
		return err
	})
	r.Do(func(ctx context.Context, c *connector.Call) error {
		answers, _, err := m.Replies(ctx, c, first, "")
		if len(answers) != 1 || answers[0].ID != second.ID || answers[0].Parent != first.ID || answers[0].Handle != npub(nostrfake.Author) {
			t.Errorf("%+v", answers)
		}
		return err
	})
	for range 2 {
		r.Do(func(ctx context.Context, c *connector.Call) error { return m.Delete(ctx, c, first) })
	}
	if n := len(r.Platform().Visible()); n != 1 {
		t.Errorf("%d are visible", n)
	}
}

// TestOlderServersForFilesAreGivenWhatTheyRead: a name that is long enough makes base64 of every padding.
func TestOlderServersForFilesAreGivenWhatTheyRead(t *testing.T) {
	t.Parallel()
	for name := range 3 {
		r := open(t)
		r.Platform().(*nostrfake.Platform).Padded = true
		d := r.Draft("files")
		d.Media[0].Name = strings.Repeat("n", name+1) + ".jpg"
		r.Publish(d)
	}
}
