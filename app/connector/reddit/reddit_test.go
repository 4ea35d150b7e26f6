package reddit

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/conform"
	"github.com/omniposto/omniposto/app/connector/fake"
	"github.com/omniposto/omniposto/app/connector/reddit/redditfake"
)

func TestConnector(t *testing.T) { conform.Run(t, New, redditfake.New) }

func open(t *testing.T) *conform.Rig {
	return conform.Open(t, New, redditfake.New, fake.Account{Way: "oauth"})
}

// to is the settings of a post for one community.
func to(entry string) json.RawMessage { return json.RawMessage(`{"communities":[` + entry + `]}`) }

func TestSettingsReachTheCommunity(t *testing.T) {
	t.Parallel()
	r := open(t)
	for entry, want := range map[string]string{
		`{"subreddit":"golang","title":"A title","nsfw":true,"spoiler":true,"sendreplies":false}`:                                     "self golang A title nsfw spoiler quiet",
		`{"subreddit":"r/golang","title":"A link","kind":"link","url":"https://go.dev/blog/"}`:                                        "link golang A link https://go.dev/blog/",
		`{"subreddit":"golang","title":"A crosspost","kind":"crosspost","crosspost":"https://www.reddit.com/r/go/comments/1abc2/x/"}`: "crosspost golang A crosspost t3_1abc2",
		`{"subreddit":"golang","title":"A poll","kind":"poll","poll_options":["yes","no"],"poll_days":5}`:                             "self golang A poll yes|no 5",
		`{"subreddit":"flaired","title":"[Go] is fine","flair":{"id":"fl-2","label":"Help"},"flair_text":"Own"}`:                      "self flaired [Go] is fine fl-2 Own",
	} {
		d := r.Draft("text")
		d.Settings = to(entry)
		m := r.Seen(r.Publish(d).ID).More
		got := []string{m["kind"], m["sr"], m["title"]}
		for _, name := range []string{"url", "crosspost_fullname", "poll", "flair_id", "flair_text"} {
			if m[name] != "" {
				got = append(got, m[name])
			}
		}
		for _, name := range []string{"nsfw", "spoiler"} {
			if m[name] == "true" {
				got = append(got, name)
			}
		}
		if m["sendreplies"] == "false" {
			got = append(got, "quiet")
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v", entry, got)
		}
	}
}

func TestACommunitySaysWhatItDoesntTakeBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	r := open(t)
	for _, c := range []struct{ kind, entry, want string }{
		{"text", `{"subreddit":"pictures","title":"Words"}`, "r/pictures takes links only."},
		{"gallery", `{"subreddit":"pictures","title":"Many"}`, "r/pictures takes links only."},
		{"text", `{"subreddit":"pictures","title":"A link","kind":"link","url":"https://example.com","spoiler":true}`, "r/pictures knows no spoilers."},
		{"text", `{"subreddit":"flaired","title":"[Go] is fine"}`, "r/flaired wants a flair."},
		{"text", `{"subreddit":"flaired","title":"[Go]","flair":"fl-1"}`, "r/flaired wants a title of at least 10 signs."},
		{"text", `{"subreddit":"flaired","title":"Something else","flair":"fl-1"}`, "r/flaired wants one of these in the title: [Go], [Other]."},
		{"text", `{"subreddit":"golang","title":"A link","kind":"link","url":"https://www.spam.example/x"}`, "r/golang takes no links to this site."},
		{"text", `{"subreddit":"nowhere","title":"Words"}`, "There is no such community."},
	} {
		d := r.Draft(c.kind)
		d.Settings = to(c.entry)
		if out := r.Refused(d); out.Class != connector.Rejected || out.Words != c.want {
			t.Errorf("%s: %s %q", c.entry, out.Class, out.Words)
		}
	}
	if n := len(r.Platform().Visible()); n != 0 {
		t.Errorf("%d are visible", n)
	}
}

func TestRulesThatAFormCantSay(t *testing.T) {
	t.Parallel()
	r := open(t)
	for _, c := range []struct{ kind, entry, want string }{
		{"text", `{"subreddit":"golang","title":"A title"}`, ""},
		{"text", `{"subreddit":"u_tester","title":"A title"}`, ""},
		{"text", `{"subreddit":"go lang","title":"A title"}`, "community_unknown"},
		{"text", `{"subreddit":"golang","title":"A title","kind":"poll","poll_options":["one"]}`, "poll_invalid"},
		{"text", `{"subreddit":"golang","title":"A title","kind":"crosspost","crosspost":"https://example.com"}`, "crosspost_unknown"},
		{"image", `{"subreddit":"golang","title":"A title","kind":"poll","poll_options":["a","b"]}`, "kind_files"},
	} {
		d := r.Draft(c.kind)
		d.Settings = to(c.entry)
		var got []string
		for _, tr := range spec.Check(&d) {
			got = append(got, tr.Code)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %q", c.entry, got, c.want)
		}
	}
	d := r.Draft("text")
	d.Text = "" // a title is a post
	d.Settings = to(`{"subreddit":"golang","title":"Only a title"}`)
	if got := spec.Check(&d); len(got) != 0 {
		t.Errorf("a title alone: %v", got)
	}
	r.Publish(d)
}

func TestCommunitiesFlairsAndRulesAreLookedUp(t *testing.T) {
	t.Parallel()
	r := open(t)
	for _, c := range []struct{ what, query, sr, want string }{
		{"subreddits", "", "", "golang flaired pictures"},
		{"subreddits", "r/go", "", "golang"},
		{"flairs", "", "flaired", "fl-1 fl-2"},
		{"flairs", "", "golang", ""},
		{"rules", "", "pictures", "links videos galleries polls"},
		{"rules", "", "r/flaired", "flair title_min title_words"},
	} {
		r.Do(func(ctx context.Context, call *connector.Call) error {
			list, err := Connector{}.Lookup(ctx, call, c.what, c.query, map[string]string{"subreddit": c.sr})
			var got []string
			for _, o := range list {
				got = append(got, o.ID)
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("%s %q of %q: %v", c.what, c.query, c.sr, got)
			}
			return err
		})
	}
}

func TestAPictureShowsLaterAndIsFound(t *testing.T) {
	t.Parallel()
	r := open(t)
	receipt := r.Publish(r.Draft("image"))
	if receipt.ID == "" || receipt.Permalink != "https://www.reddit.com/r/golang/comments/"+strings.TrimPrefix(receipt.ID, "t3_")+"/title/" {
		t.Errorf("%+v", receipt)
	}
	if n := len(r.Platform().Visible()); n != 1 {
		t.Errorf("%d are visible", n)
	}
}

func TestAPostIsEditedMeasuredAnsweredAndDeleted(t *testing.T) {
	t.Parallel()
	r := open(t)
	first := r.Publish(r.Draft("text"))
	comment := r.Draft("comment")
	comment.Role, comment.Parent, comment.Root = connector.Comment, &first, &first
	second := r.Publish(comment)
	below := r.Draft("comment")
	below.Role, below.Parent, below.Root = connector.Comment, &second, &first
	third := r.Publish(below)
	m := Connector{}
	r.Do(func(ctx context.Context, c *connector.Call) error {
		d := r.Draft("text")
		d.Text = "Changed"
		_, err := m.Edit(ctx, c, first, &d)
		return err
	})
	if got := r.Seen(first.ID); got.Text != "Changed" {
		t.Errorf("edited is %q", got.Text)
	}
	if err := r.Try(func(ctx context.Context, c *connector.Call) error {
		d := r.Draft("image")
		_, err := m.Edit(ctx, c, first, &d)
		return err
	}); err == nil {
		t.Error("a picture was changed")
	}
	r.Do(func(ctx context.Context, c *connector.Call) error {
		figures, err := m.Measure(ctx, c, []connector.Receipt{first, {ID: "t3_404404"}})
		if len(figures) != 1 || fmt.Sprint(figures[0].Counts) != "map[likes:1 replies:2 reposts:3]" {
			t.Errorf("%v", figures)
		}
		return err
	})
	r.Do(func(ctx context.Context, c *connector.Call) error {
		answers, _, err := m.Replies(ctx, c, first, "")
		if len(answers) != 2 || answers[0].ID != second.ID || answers[1].ID != third.ID || answers[1].Parent != second.ID {
			t.Errorf("%+v", answers)
		}
		rest, _, _ := m.Replies(ctx, c, first, second.ID)
		if len(rest) != 1 || rest[0].ID != third.ID {
			t.Errorf("after the second: %+v", rest)
		}
		return err
	})
	for range 2 { // deleting what is gone is no error
		r.Do(func(ctx context.Context, c *connector.Call) error { return m.Delete(ctx, c, first) })
	}
	if n := len(r.Platform().Visible()); n != 2 {
		t.Errorf("%d are visible", n)
	}
}

func TestAccessIsEndedAtReddit(t *testing.T) {
	t.Parallel()
	r := open(t)
	d := r.Draft("text")
	r.Do(func(ctx context.Context, c *connector.Call) error { return Connector{}.Revoke(ctx, c) })
	if out := r.Refused(d); out.End != connector.EndReconnect {
		t.Errorf("%s %q", out.End, out.Words)
	}
}
