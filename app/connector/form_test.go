package connector_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

type community struct{ Subreddit, Title, Kind, URL string }

type toySettings struct {
	Communities []community
	SendReplies bool
	Mood        string
	Lang        []string
	Board       connector.Option
	Count       int
	Until       time.Time
}

var toyForm = connector.Settings(func(f *connector.Fields, s *toySettings) {
	connector.List(f, &s.Communities, "communities", 1, 3, func(f *connector.Fields, c *community) {
		f.Text(&c.Subreddit, "subreddit", 1, 20).Labelled("Community", "Without r/").Must()
		f.Text(&c.Title, "title", 1, 300).Labelled("Title", "")
		f.Choice(&c.Kind, "kind", "self", "link").Labelled("Kind", "").Def("self")
		f.URL(&c.URL, "url").Labelled("Address", "").Must().When("kind", "link")
	}).Labelled("Communities", "").OnePerEntry()
	f.Flag(&s.SendReplies, "sendreplies").Labelled("Replies", "").Def(true)
	f.Choice(&s.Mood, "mood", "good", "bad").Labelled("Mood", "").Unset()
	f.Words(&s.Lang, "langs", 0, 3).Labelled("Languages", "").For("text")
	f.Lookup(&s.Board, "board", "boards").Labelled("Board", "").Must().IfFact("boards")
	f.Number(&s.Count, "count", 1, 9).Labelled("Count", "").Def(3)
	f.DateTime(&s.Until, "until").Labelled("Until", "")
})

func TestSettingsAreDecodedAsTheyAreDescribed(t *testing.T) {
	t.Parallel()
	d := &connector.Draft{
		Settings: json.RawMessage(`{"communities":[{"subreddit":"go","kind":"link","url":"https://go.dev"},{"subreddit":"x"}],"board":{"id":"7","label":"Seven"},"count":5,"until":"2026-09-01T12:00:00Z"}`),
		Channel:  connector.Channel{Settings: json.RawMessage(`{"sendreplies":false,"count":9,"mood":"good","langs":["de"]}`)},
	}
	s := toyForm.Of(d)
	if len(s.Communities) != 2 || s.Communities[0].URL != "https://go.dev" || s.Communities[1].Kind != "self" || s.SendReplies || s.Count != 5 ||
		s.Board.Label != "Seven" || s.Lang[0] != "de" || !s.Until.Equal(noon) {
		t.Errorf("%+v", s)
	}
	if s.Mood != "" {
		t.Error("what must be chosen for each post came from the channel")
	}
}

func TestFormsSayWhatIsWrongAndWhere(t *testing.T) {
	t.Parallel()
	form := toyForm.Form()
	good := `"communities":[{"subreddit":"go"}],"mood":"bad"`
	for own, want := range map[string]string{
		`{` + good + `}`:                    "",
		`{}`:                                "mood:setting_missing",
		`{"mood":"bad","x":1}`:              "x:setting_unknown",
		`{"mood":"ugly"}`:                   "mood:setting_invalid",
		`{"mood":"bad","communities":[]}`:   "communities:setting_invalid",
		`{"mood":"bad","communities":[{}]}`: "communities.0.subreddit:setting_missing",
		`{"mood":"bad","communities":[{"subreddit":"a","kind":"link"}]}`: "communities.0.url:setting_missing",
		`{"mood":"bad","count":10}`:                                      "count:setting_invalid",
		`{"mood":"bad","count":"3"}`:                                     "count:setting_invalid",
		`{"mood":"bad","langs":["a","b","c","d"]}`:                       "langs:setting_invalid",
		`{"mood":"bad","until":"tomorrow"}`:                              "until:setting_invalid",
		`{"mood":"bad","sendreplies":1}`:                                 "sendreplies:setting_invalid",
		`[1]`:                                                            ":settings_unreadable",
	} {
		var got []string
		for _, tr := range form.Check(json.RawMessage(own), nil, "text", nil) {
			got = append(got, tr.Field+":"+tr.Code)
			if tr.Words == "" {
				t.Errorf("%s: no words", own)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", own, got, want)
		}
	}
	if got := form.Check(json.RawMessage(`{`+good+`}`), nil, "text", connector.Facts{"boards": 1}); len(got) != 1 || got[0].Field != "board" || got[0].Fix != "choose" {
		t.Errorf("a channel with boards: %v", got)
	}
}

func TestSchemaCarriesWhatAScreenNeeds(t *testing.T) {
	t.Parallel()
	raw, err := json.Marshal(toyForm.Form().Schema())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"additionalProperties":false`, `"x-delivery-per-entry":true`, `"x-lookup":"boards"`, `"x-kinds":["text"]`, `"x-must":true,"x-options"`, `"x-unset":true`, `"x-fact":"boards"`,
		`"if":{"properties":{"kind":{"enum":["link"]}},"required":["kind"]}`, `"default":true`, `"x-field":"datetime"`, `"x-order":["communities",`,
	} {
		if !strings.Contains(string(raw), want) {
			t.Errorf("%s isn't in %s", want, raw)
		}
	}
}

func TestConnectFieldsKeepSecretsApart(t *testing.T) {
	t.Parallel()
	form := connector.Form{
		{Name: "server", Label: "Server", Kind: connector.FieldServer, Must: true},
		{Name: "token", Label: "Token", Secret: true, Must: true, Max: 10},
		{Name: "kind", Label: "Kind", Kind: connector.FieldChoice, Options: []connector.Option{{ID: "a"}, {ID: "b"}}, Default: json.RawMessage(`"a"`)},
	}
	open, secrets, troubles := form.Values(map[string]string{"server": " @me@Example.org ", "token": "abc"})
	if troubles != nil || open["server"] != "https://example.org" || open["kind"] != "a" || secrets["token"] != "abc" || len(open) != 2 || len(secrets) != 1 {
		t.Errorf("%v %v %v", open, secrets, troubles)
	}
	_, _, troubles = form.Values(map[string]string{"server": "not a server", "token": "abcdefghijk", "kind": "c", "more": "1"})
	var got []string
	for _, tr := range troubles {
		got = append(got, tr.Field)
	}
	if !slices.Equal(got, []string{"more", "server", "token", "kind"}) {
		t.Errorf("%v", got)
	}
}

func TestServersAreReadAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"mastodon.social": "https://mastodon.social", "https://Mastodon.Social/": "https://mastodon.social", "@me@example.org": "https://example.org",
		"me@example.org": "https://example.org", "http://localhost:3000": "http://localhost:3000", "https://blog.example.com/wp/": "https://blog.example.com/wp",
		"https://example.org:8443": "https://example.org:8443", "bücher.example": "https://xn--bcher-kva.example", "https://[2001:db8::1]:8080": "https://[2001:db8::1]:8080",
		"192.0.2.1": "https://192.0.2.1", "https://example.org/path?x=1#y": "https://example.org/path",
		"": "", "example": "", "ftp://example.org": "", "https://": "", "https://user:pw@example.org": "", "https://exa mple.org": "", "https://example.org:99999": "", "javascript:alert(1)": "",
	} {
		got, words := connector.ServerAddress(in)
		if got != want || (want == "") == (words == "") {
			t.Errorf("%q: %q %q, want %q", in, got, words, want)
		}
	}
}

func TestRowsAreReadFromTheTop(t *testing.T) {
	t.Parallel()
	rows := connector.Failures{
		{On: "upload.*", Status: 422, Has: "TYPE", Class: connector.Rejected},
		{Status: 200, Path: "json.errors.0.0", Is: "RATELIMIT|OTHER", Class: connector.RateLimited},
		{Path: "code", Is: "12", Class: connector.Duplicate},
		{Status: 5, Class: connector.Transient},
		{Class: connector.Rejected},
	}
	for _, c := range []struct {
		step   string
		status int
		body   string
		row    int
	}{
		{"upload.0", 422, `bad type here`, 0}, {"post", 422, `bad type here`, 4},
		{"post", 200, `{"json":{"errors":[["OTHER","wait"]]}}`, 1}, {"post", 200, `{"json":{"errors":[]}}`, -1},
		{"post", 200, `{"code":12}`, 2}, {"post", 409, `{"code":12}`, 2}, {"post", 200, `{"code":13}`, -1}, {"post", 204, ``, -1},
		{"post", 503, ``, 3}, {"post", 404, `x`, 4}, {"post", 201, strings.Repeat("[", 500), -1},
	} {
		if got := rows.Row(c.step, c.status, http.Header{}, []byte(c.body)); got != c.row {
			t.Errorf("%s %d %.40s: row %d, want %d", c.step, c.status, c.body, got, c.row)
		}
	}
}

func TestChecksNameCodeFieldAndFix(t *testing.T) {
	t.Parallel()
	rule := connector.MediaRule{
		Type: connector.Image, MIME: []string{"image/png", "image/jpeg"}, MaxBytes: connector.N(1000), MinBytes: connector.N(10), MaxPixels: connector.N(10000),
		MaxSide: connector.N(200), MinAspect: 0.5, MaxAspect: 2, Alt: connector.Fact("alt", 5),
	}
	clip := connector.MediaRule{Type: connector.VideoFile, MIME: []string{"video/mp4"}, MaxLength: time.Minute, MinLength: 3 * time.Second, FPS: 30, Codecs: []string{"h264"}, Alt: connector.NoAlt, MaxCount: connector.N(1)}
	spec := &connector.Spec{ID: "toy", Label: "Toy", Kinds: []connector.Kind{
		{ID: "text", Label: "Text", Roles: []connector.Role{connector.Post, connector.Reply}, Text: connector.Text{Count: text.Runes, Max: connector.Fact("max", 10), MaxBytes: 30, Must: true}},
		{ID: "media", Label: "Files", Text: connector.Text{Count: text.Runes, Max: connector.N(10)}, MinMedia: connector.N(1), MaxMedia: connector.N(3), Media: []connector.MediaRule{rule, clip}},
		{ID: "hook", Label: "Hook", Via: []string{"hook"}, Text: connector.Text{Count: text.Runes}},
	}}
	ok := connector.Media{Name: "a.jpg", MIME: "image/jpeg", Type: connector.Image, Size: 500, Width: 100, Height: 100, Alt: "ok"}
	vid := connector.Media{Name: "v.mp4", MIME: "video/mp4", Type: connector.VideoFile, Size: 9, Length: 10 * time.Second, Codec: "h264", FPS: 30}
	with := func(m connector.Media, change func(*connector.Media)) []connector.Media {
		change(&m)
		return []connector.Media{m}
	}
	for name, c := range map[string]struct {
		d    connector.Draft
		want string
	}{
		"fits":             {connector.Draft{Text: "0123456789"}, ""},
		"one over":         {connector.Draft{Text: "0123456789a"}, "text_too_long/text/split"},
		"told by server":   {connector.Draft{Text: "0123456789a", Channel: connector.Channel{Facts: connector.Facts{"max": 11}}}, ""},
		"bytes":            {connector.Draft{Text: "字字字字字字字字字字字", Channel: connector.Channel{Facts: connector.Facts{"max": 99}}}, "text_too_many_bytes/text/cut"},
		"empty":            {connector.Draft{Text: "  "}, "text_missing/text/"},
		"picture":          {connector.Draft{Media: []connector.Media{ok}}, ""},
		"no alt":           {connector.Draft{Media: with(ok, func(m *connector.Media) { m.Alt = "" })}, "alt_missing/media.0.alt/alt"},
		"long alt":         {connector.Draft{Media: with(ok, func(m *connector.Media) { m.Alt = "123456" })}, "alt_too_long/media.0.alt/alt"},
		"mime":             {connector.Draft{Media: with(ok, func(m *connector.Media) { m.MIME = "image/avif" })}, "media_mime/media.0/convert:image/jpeg"},
		"heavy":            {connector.Draft{Media: with(ok, func(m *connector.Media) { m.Size = 1001 })}, "media_too_large/media.0/resize"},
		"light":            {connector.Draft{Media: with(ok, func(m *connector.Media) { m.Size = 9 })}, "media_too_small/media.0/exclude"},
		"pixels":           {connector.Draft{Media: with(ok, func(m *connector.Media) { m.Width = 101 })}, "media_pixels/media.0/resize"},
		"wide":             {connector.Draft{Media: with(ok, func(m *connector.Media) { m.Width, m.Height = 100, 40 })}, "media_ratio/media.0/crop:2"},
		"tall":             {connector.Draft{Media: with(ok, func(m *connector.Media) { m.Width, m.Height = 40, 100 })}, "media_ratio/media.0/crop:0.5"},
		"too many":         {connector.Draft{Media: []connector.Media{ok, ok, ok, ok}}, "media_too_many/media/remove:1"},
		"two clips":        {connector.Draft{Media: []connector.Media{vid, vid}}, "media_too_many/media/remove:1"},
		"long clip":        {connector.Draft{Media: with(vid, func(m *connector.Media) { m.Length = time.Hour })}, "media_too_long/media.0/cut"},
		"short clip":       {connector.Draft{Media: with(vid, func(m *connector.Media) { m.Length = time.Second })}, "media_too_short/media.0/exclude"},
		"fast clip":        {connector.Draft{Media: with(vid, func(m *connector.Media) { m.FPS = 60 })}, "media_fps/media.0/convert:video/mp4"},
		"codec":            {connector.Draft{Media: with(vid, func(m *connector.Media) { m.Codec = "av1" })}, "media_codec/media.0/convert:video/mp4"},
		"sound":            {connector.Draft{Media: []connector.Media{{Type: connector.Audio}}}, "media_type/media.0/exclude"},
		"no such role":     {connector.Draft{Text: "x", Role: connector.Comment}, "no_kind/kind/exclude"},
		"reply to nothing": {connector.Draft{Text: "x", Role: connector.Reply, Key: "k"}, "parent_missing/parent/"},
	} {
		var got []string
		c.d.Channel.Way = "token"
		for _, tr := range spec.Check(&c.d) {
			got = append(got, tr.Code+"/"+tr.Field+"/"+tr.Fix)
			if tr.Words == "" {
				t.Errorf("%s: no words", name)
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %s", name, got, c.want)
		}
	}
	k, _ := spec.KindFor(&connector.Draft{Text: strings.Repeat("x", 20), Channel: connector.Channel{Way: "hook"}})
	if k.ID != "hook" {
		t.Errorf("by this way it is a %s", k.ID)
	}
}

func TestAListMayPartAPostIntoDeliveries(t *testing.T) {
	t.Parallel()
	type community struct {
		Name  connector.Option
		Title string
	}
	type settings struct {
		Communities []community
		Quiet       bool
	}
	form := connector.Settings(func(f *connector.Fields, s *settings) {
		connector.List(f, &s.Communities, "communities", 1, 10, func(f *connector.Fields, c *community) {
			f.Lookup(&c.Name, "name", "names").Labelled("Name", "")
			f.Text(&c.Title, "title", 0, 300).Labelled("Title", "")
		}).Labelled("Communities", "").OnePerEntry()
		f.Flag(&s.Quiet, "quiet").Labelled("Quiet", "")
	})
	own := json.RawMessage(`{"communities":[{"name":{"id":"go","label":"r/go"},"title":"One"},{"name":"rust"},{"name":"go","title":"Again"}]}`)
	got := form.Form().Portions(own, json.RawMessage(`{"quiet":true}`))
	if len(got) != 2 || got[0].Target != "go" || got[1].Target != "rust" {
		t.Fatalf("%+v", got)
	}
	if got[1].Field != "communities.1" || got[1].InWhole("settings.communities.0.title") != "settings.communities.1.title" || got[1].InWhole("settings.quiet") != "settings.quiet" || (connector.Portion{}).InWhole("text") != "text" {
		t.Errorf("the place of the second: %+v", got[1])
	}
	for i, want := range []string{"One", ""} {
		s := form.Of(&connector.Draft{Settings: got[i].Settings})
		if len(s.Communities) != 1 || s.Communities[0].Title != want || s.Communities[0].Name.ID != got[i].Target || !s.Quiet {
			t.Errorf("portion %d: %+v", i, s)
		}
	}
	for name, raw := range map[string]string{"none": `{}`, "empty": `{"communities":[]}`, "no list": `{"communities":7}`} {
		if got := form.Form().Portions(json.RawMessage(raw), nil); len(got) != 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := (connector.Form{{Name: "words", Kind: connector.FieldWords}}).Portions(json.RawMessage(`{"words":["a","b"]}`), nil); got != nil {
		t.Errorf("a list that isn't marked: %+v", got)
	}
}
