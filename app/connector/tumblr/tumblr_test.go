package tumblr

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/conform"
	"github.com/omniposto/omniposto/app/connector/fake"
	"github.com/omniposto/omniposto/app/connector/tumblr/tumblrfake"
)

func TestConnector(t *testing.T) { conform.Run(t, New, tumblrfake.New) }

func open(t *testing.T) *conform.Rig {
	return conform.Open(t, New, tumblrfake.New, fake.Account{Way: "oauth"})
}

func TestTheMainBlogIsOfferedFirstAndForeignOnesNot(t *testing.T) {
	t.Parallel()
	r := open(t)
	if ch := r.Channel(); ch.Handle != "staffish" || ch.Name != "The blog staffish" || !strings.HasPrefix(ch.Target, "t:") {
		t.Errorf("%+v", ch)
	}
	r.Do(func(ctx context.Context, c *connector.Call) error {
		list, err := Connector{}.Choose(ctx, c)
		if len(list) != 2 || list[0].Handle != "staffish" || list[1].Handle != "second" {
			t.Errorf("%+v", list)
		}
		return err
	})
	r.Do(func(ctx context.Context, c *connector.Call) error { // the health of a chosen blog is the blog's own
		id, err := Connector{}.Who(ctx, c)
		if id.Handle != "staffish" {
			t.Errorf("%+v", id)
		}
		return err
	})
}

func TestWordsBecomeBlocks(t *testing.T) {
	t.Parallel()
	r := open(t)
	d := r.Draft("text")
	d.Text = "# Heading\nFirst **bold** line\nand the same paragraph\n\n> said so\n- one\n- two\n1. three\n\nSee [here](https://example.com/a) and https://example.com/b 👩‍🚒 *end*"
	m := r.Seen(r.Publish(d).ID)
	if want := "text:heading1 text text:indented text:unordered-list-item text:unordered-list-item text:ordered-list-item text"; m.More["blocks"] != want {
		t.Errorf("%s", m.More["blocks"])
	}
	if want := "bold bold;link here;italic end;link https://example.com/b;"; m.More["formats"] != want {
		t.Errorf("%s", m.More["formats"])
	}
	d = r.Draft("text")
	d.Text = strings.Repeat("字", 4090) + "**0123456789**"
	m = r.Seen(r.Publish(d).ID)
	if m.More["blocks"] != "text text" || m.More["formats"] != "bold 012345;bold 6789;" {
		t.Errorf("%s: %s", m.More["blocks"], m.More["formats"])
	}
}

func TestSettingsReachTheBlog(t *testing.T) {
	t.Parallel()
	r := open(t)
	d := r.Draft("images")
	d.Media = append(d.Media, d.Media[0])
	d.Media[2].Name = "third.jpg"
	d.Settings = json.RawMessage(`{"title":"A title","tags":["one","two words"],"state":"queue","slug":"our-summer","source_url":"https://example.com/s","allow_reblog":"noone","per_row":"2"}`)
	receipt := r.Publish(d)
	p := r.Seen(receipt.ID)
	for name, want := range map[string]string{
		"state": "queue", "tags": "one,two words", "slug": "our-summer-" + d.Key[:10], "source": "https://example.com/s", "reblog": "noone", "rows": "1211",
		"blocks": "text:heading1 image image image text",
	} {
		if p.More[name] != want {
			t.Errorf("%s is %q, want %q", name, p.More[name], want)
		}
	}
	if receipt.Permalink != "https://www.tumblr.com/staffish/"+receipt.ID {
		t.Error(receipt.Permalink)
	}
}

func TestRulesThatAFormCantSay(t *testing.T) {
	t.Parallel()
	r := open(t)
	for _, c := range []struct{ name, text, settings, want string }{
		{"a title alone", "", `{"title":"A title"}`, ""},
		{"nothing", "", `{}`, "text_missing"},
		{"many paragraphs", strings.Repeat("a\n\n", 1001), `{}`, "text_too_long"},
		{"a megabyte", strings.Repeat("字", 340_000), `{}`, "text_too_long"},
		{"many links", strings.Repeat("https://example.com/a ", 101), `{}`, "too_many_links"},
		{"a comma in a tag", "Hello", `{"tags":["a,b"]}`, "tag_invalid"},
		{"a slug with spaces", "Hello", `{"slug":"Our Summer"}`, "slug_invalid"},
	} {
		d := r.Draft("text")
		d.Text, d.Settings = c.text, json.RawMessage(c.settings)
		var got []string
		for _, tr := range spec.Check(&d) {
			got = append(got, tr.Code)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %q", c.name, got, c.want)
		}
	}
}

func TestTheAddressIsReadableAndTheDeliverysOwn(t *testing.T) {
	t.Parallel()
	for words, want := range map[string]string{
		"Hello, **World**! ":              "hello-world-0123456789",
		"日本":                              "0123456789",
		strings.Repeat("long words ", 10): "long-words-long-words-long-words-long-wo-0123456789",
	} {
		if got := slug(&connector.Draft{Key: "0123456789abcdef", Text: words}, settings{}); got != want {
			t.Errorf("%q: %s", words, got)
		}
	}
}

func TestAPostIsEditedMeasuredAnsweredAndDeleted(t *testing.T) {
	t.Parallel()
	r := open(t)
	post := r.Publish(r.Draft("images"))
	m := Connector{}
	r.Do(func(ctx context.Context, c *connector.Call) error {
		d := r.Draft("images")
		d.Text, d.Settings = "Changed", json.RawMessage(`{"title":"New"}`)
		_, err := m.Edit(ctx, c, post, &d)
		return err
	})
	if got := r.Seen(post.ID); got.Text != "New\nChanged" || len(got.Files) != 2 || got.More["blocks"] != "text:heading1 image image text" {
		t.Errorf("edited is %q with %d files: %s", got.Text, len(got.Files), got.More["blocks"])
	}
	r.Do(func(ctx context.Context, c *connector.Call) error {
		figures, err := m.Measure(ctx, c, []connector.Receipt{post, {ID: "404404"}})
		if len(figures) != 1 || fmt.Sprint(figures[0].Counts) != "map[notes:9]" {
			t.Errorf("%v", figures)
		}
		return err
	})
	r.Do(func(ctx context.Context, c *connector.Call) error {
		answers, _, err := m.Replies(ctx, c, post, "")
		if len(answers) != 2 || answers[0].Text != "First" || answers[1].ID != "777" || answers[1].URL != "https://www.tumblr.com/fan/777" {
			t.Errorf("%+v", answers)
		}
		return err
	})
	for range 2 { // deleting what is gone is no error
		r.Do(func(ctx context.Context, c *connector.Call) error { return m.Delete(ctx, c, post) })
	}
	if n := len(r.Platform().Visible()); n != 0 {
		t.Errorf("%d are visible", n)
	}
}
