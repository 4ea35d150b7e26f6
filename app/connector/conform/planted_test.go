package conform_test

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/bluesky"
	"github.com/omniposto/omniposto/app/connector/bluesky/blueskyfake"
	"github.com/omniposto/omniposto/app/connector/conform"
	"github.com/omniposto/omniposto/app/connector/mastodon"
	"github.com/omniposto/omniposto/app/connector/mastodon/mastodonfake"
	"github.com/omniposto/omniposto/app/connector/text"
)

// sloppy is a connector to Mastodon servers with one mistake in it.
type sloppy struct {
	mastodon.Connector
	spec    *connector.Spec
	mistake string
	try     *int
}

func (s sloppy) Spec() *connector.Spec { return s.spec }

// made gives the maker of a connector with a mistake, and what the mistake changes in the Spec.
func made(mistake string, change func(*connector.Spec)) conform.New {
	return func() connector.Publisher {
		spec := mastodon.Spec()
		spec.Kinds = slices.Clone(spec.Kinds)
		for i := range spec.Kinds {
			spec.Kinds[i].Media = slices.Clone(spec.Kinds[i].Media)
		}
		spec.Failures = slices.Clone(spec.Failures)
		if change != nil {
			change(&spec)
		}
		return sloppy{mastodon.Like(spec).(mastodon.Connector), &spec, mistake, new(int)}
	}
}

type upload struct {
	ID    string `json:"id"`
	Ready bool   `json:"ready"`
}

func (s sloppy) Publish(ctx context.Context, p *connector.Pass) (connector.Receipt, error) {
	var ids []string
	files, err := connector.Each(ctx, p, "upload", p.Draft.Media, s.upload)
	if err != nil && s.mistake != "ignores a failed upload" {
		return connector.Receipt{}, err
	}
	if s.mistake == "skips a declared step" {
		for _, f := range files {
			ids = append(ids, f.ID)
		}
	} else if ids, err = connector.Each(ctx, p, "ready", files, s.ready); err != nil {
		return connector.Receipt{}, err
	}
	if s.mistake == "walks a step that isn't declared" {
		if _, err := connector.Step(ctx, p, "extra", func(context.Context, *connector.Call) (int, error) { return 1, nil }); err != nil {
			return connector.Receipt{}, err
		}
	}
	return connector.Commit(ctx, p, "status", func(ctx context.Context, c *connector.Call) (connector.Receipt, error) {
		return s.commit(ctx, c, p, ids)
	})
}

func (s sloppy) upload(ctx context.Context, c *connector.Call, m connector.Media) (upload, error) {
	file := io.Reader(m.All())
	if s.mistake == "reads a file whole" {
		raw, err := io.ReadAll(m.All())
		if err != nil {
			return upload{}, err
		}
		file = strings.NewReader(string(raw))
	}
	parts := []connector.Part{{Name: "file", File: file, Size: m.Size, FileName: m.Name, Type: m.MIME}}
	if s.mistake != "drops the alt text" {
		parts = append(parts, connector.Part{Name: "description", Value: m.Alt})
	}
	var out struct{ ID, URL string }
	if s.mistake == "goes on after cancel" {
		ctx = context.WithoutCancel(ctx)
	}
	_, err := c.Send(ctx, connector.Request{Method: "POST", Path: "/api/v2/media", Parts: parts, Size: m.Size, Into: &out})
	return upload{out.ID, out.URL != ""}, err
}

func (s sloppy) ready(ctx context.Context, c *connector.Call, f upload) (string, error) {
	var out struct{ URL string }
	if f.Ready {
		return f.ID, nil
	}
	if _, err := c.Send(ctx, connector.Request{Path: "/api/v1/media/" + f.ID, Into: &out}); err != nil {
		return "", err
	}
	if out.URL == "" {
		return "", connector.NotYet(c, 5e9)
	}
	return f.ID, nil
}

func (s sloppy) commit(ctx context.Context, c *connector.Call, p *connector.Pass, ids []string) (connector.Receipt, error) {
	*s.try++
	key := p.Draft.Key
	if s.mistake == "makes a new key in each try" {
		key += strings.Repeat("x", *s.try)
	}
	body := map[string]any{"status": p.Draft.Text, "media_ids": ids}
	if p.Draft.Parent != nil && s.mistake != "forgets what it replies to" {
		body["in_reply_to_id"] = p.Draft.Parent.ID
	}
	var out struct{ ID, URL string }
	r := connector.Request{Method: "POST", Path: "/api/v1/statuses", JSON: body, Into: &out, Header: map[string]string{"Idempotency-Key": key}}
	switch s.mistake {
	case "calls an address that isn't declared":
		r.Host = "elsewhere"
	case "puts the token into the body":
		c.Token.Access.Use(func(p string) { body["token"] = p })
	case "says the token in an error":
		return connector.Receipt{}, s.shout(c)
	case "goes on after cancel":
		ctx = context.WithoutCancel(ctx)
	case "leaves a goroutine behind":
		go func() { <-make(chan bool) }()
	}
	_, err := c.Send(ctx, r)
	if s.mistake == "sends again by itself" && err != nil {
		_, err = c.Send(ctx, r)
	}
	receipt := connector.Receipt{ID: out.ID, Permalink: out.URL}
	switch s.mistake {
	case "gives no permalink":
		receipt.Permalink = ""
	case "names another post":
		receipt.ID += "0"
	case "keeps the token in the receipt":
		c.Token.Access.Use(func(p string) { receipt.More = map[string]string{"auth": p} })
	case "invents a receipt":
		return connector.Receipt{ID: "1", Permalink: "https://mastodon.example/1"}, nil
	}
	return receipt, err
}

func (s sloppy) shout(c *connector.Call) (err error) {
	c.Token.Access.Use(func(p string) { err = connector.Reject("no luck with "+p, "") })
	return err
}

func (s sloppy) Sign(p *connector.Pass) string {
	switch s.mistake {
	case "knows every post as its own":
		return "same"
	case "never knows its post again":
		return "never"
	}
	return s.Connector.Sign(p)
}

func (s sloppy) List(ctx context.Context, c *connector.Call) ([]connector.Seen, error) {
	seen, err := s.Connector.List(ctx, c)
	if s.mistake == "knows every post as its own" {
		for i := range seen {
			seen[i].Sign = "same"
		}
	}
	return seen, err
}

// TestPlantedMistakesAreFound is the test of the laws: each mistake must break at least one. The tests of this file run
// one after the other, because the law Cancel looks at all goroutines.
func TestPlantedMistakesAreFound(t *testing.T) {
	kinds := func(change func(*connector.Kind)) func(*connector.Spec) {
		return func(s *connector.Spec) {
			for i := range s.Kinds {
				change(&s.Kinds[i])
			}
		}
	}
	for _, c := range []struct {
		mistake, law string
		change       func(*connector.Spec)
	}{
		{"makes a new key in each try", "FaultAnywhere", nil},
		{"makes a new key in each try", "CrashAnywhere", nil},
		{"never knows its post again", "KeyTooOld", nil},
		{"knows every post as its own", "KeyTooOld", nil},
		{"drops the alt text", "PostsOnce", nil},
		{"skips a declared step", "PostsOnce", nil},
		{"walks a step that isn't declared", "PostsOnce", nil},
		{"ignores a failed upload", "FaultAnywhere", nil},
		{"reads a file whole", "StreamsMedia", nil},
		{"forgets what it replies to", "Thread", nil},
		{"calls an address that isn't declared", "PostsOnce", nil},
		{"goes on after cancel", "Cancel", nil},
		{"leaves a goroutine behind", "Cancel", nil},
		{"gives no permalink", "PostsOnce", nil},
		{"names another post", "PostsOnce", nil},
		{"invents a receipt", "FaultAnywhere", nil},
		{"keeps the token in the receipt", "Secrets", nil},
		{"counts runes for clusters", "LimitAndOneOver", kinds(func(k *connector.Kind) { k.Text.Count = text.Runes })},
		{"counts links as they are", "LimitAndOneOver", kinds(func(k *connector.Kind) { k.Text.Link = connector.Num{} })},
		{"has a limit that is too high", "LimitAndOneOver", kinds(func(k *connector.Kind) { k.Text.Max = connector.N(501) })},
		{"takes too many files", "PostsOnce", kinds(func(k *connector.Kind) {
			if k.ID == "images" {
				k.MaxMedia = connector.N(5)
			}
		})},
		{"doesn't say why it is once", "SpecIsComplete", kinds(func(k *connector.Kind) { k.Once.Why = "" })},
		{"declares a power that it hasn't", "SpecIsComplete", func(s *connector.Spec) { s.Powers = append(slices.Clone(s.Powers), connector.CanRefresh) }},
		{"has no sample for a row", "SpecIsComplete", func(s *connector.Spec) { s.Failures[0].Sample = "nowhere.json" }},
		{"has a general row first", "FailureRow", func(s *connector.Spec) {
			s.Failures = append(connector.Failures{{Status: 422, Class: connector.Rejected, Sample: "blank.json"}}, s.Failures...)
		}},
		{"doesn't read when a limit ends", "FailureRow", func(s *connector.Spec) {
			for i := range s.Failures {
				if s.Failures[i].Class == connector.RateLimited {
					s.Failures[i].Until = connector.Until{Header: "X-Another"}
				}
			}
		}},
		{"has a row that is never met", "FailureRow", func(s *connector.Spec) { s.Failures[0].On = "nowhere" }},
		{"believes the key for ever", "KeyTooOld", kinds(func(k *connector.Kind) { k.Once.Life = 1 << 55 })},
	} {
		t.Run(c.mistake+"/"+c.law, func(t *testing.T) {
			if found := conform.Find("../mastodon/testdata", made(c.mistake, c.change), mastodonfake.New, c.law); len(found) == 0 {
				t.Errorf("%s didn't find it", c.law)
			}
		})
	}
}

// TestTheSloppyConnectorIsRightWithoutAMistake: what finds the mistakes isn't the copy itself.
func TestTheSloppyConnectorIsRightWithoutAMistake(t *testing.T) {
	for _, b := range conform.Find("../mastodon/testdata", made("", nil), mastodonfake.New) {
		t.Error(b)
	}
}

// TestTheKitHoldsWhatConnectorsGetWrong: mistakes that the kit itself makes harmless.
func TestTheKitHoldsWhatConnectorsGetWrong(t *testing.T) {
	for mistake, law := range map[string]string{
		"sends again by itself": "FaultAnywhere", "says the token in an error": "Secrets", "puts the token into the body": "Secrets",
	} {
		for _, b := range conform.Find("../mastodon/testdata", made(mistake, nil), mastodonfake.New, law) {
			t.Errorf("%s: %s", mistake, b)
		}
	}
	for _, b := range conform.Find("../mastodon/testdata", made("", func(s *connector.Spec) {
		s.Failures = append(connector.Failures{{Status: 5, Class: connector.Transient, Sample: "busy.json"}}, s.Failures...)
	}), mastodonfake.New, "FaultAnywhere") {
		t.Errorf("a row that calls a lost commit transient: %s", b)
	}
}

// forgetful is a connector to Bluesky with one mistake in it.
type forgetful struct {
	bluesky.Connector
	mistake string
}

func (f forgetful) Refresh(ctx context.Context, c *connector.Call) (connector.Token, error) {
	if f.mistake == "gives the old token for a new one" {
		return c.Token, nil
	}
	return f.Connector.Refresh(ctx, c)
}

func (f forgetful) Look(ctx context.Context, c *connector.Call, p *connector.Pass) (connector.Sight, error) {
	sight, err := f.Connector.Look(ctx, c, p)
	if sight.Found != nil && f.mistake == "names another record" {
		sight.Found.ID += "x"
	}
	return sight, err
}

func TestPlantedMistakesOfSessionsAndLooksAreFound(t *testing.T) {
	for mistake, law := range map[string]string{"gives the old token for a new one": "ExpiredToken", "names another record": "FaultAnywhere"} {
		maker := func() connector.Publisher { return forgetful{bluesky.Connector{}, mistake} }
		if found := conform.Find("../bluesky/testdata", maker, blueskyfake.New, law); len(found) == 0 {
			t.Errorf("%s: %s didn't find it", mistake, law)
		}
	}
}
