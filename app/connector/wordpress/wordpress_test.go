package wordpress

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/conform"
	"github.com/omniposto/omniposto/app/connector/fake"
	"github.com/omniposto/omniposto/app/connector/wordpress/wordpressfake"
)

func TestConnector(t *testing.T) { conform.Run(t, New, wordpressfake.New) }

func account() fake.Account { return wordpressfake.New(fake.World{}).Accounts()[0] }

func open(t *testing.T) *conform.Rig { return conform.Open(t, New, wordpressfake.New, account()) }

func TestSettingsReachTheSite(t *testing.T) {
	t.Parallel()
	r := open(t)
	d := r.Draft("article")
	d.Text = "# A title\n\nHello **you**, <script>alert(1)</script>"
	d.Settings = json.RawMessage(`{"tags":["news","fresh"],"categories":[{"id":"1","label":"News"}],"slug":"my-address","excerpt":"Short","status":"private","sticky":true,"format":"aside","comment_status":"closed"}`)
	receipt := r.Publish(d)
	p := r.Seen(receipt.ID)
	if p.More["title"] != "A title" || !strings.Contains(p.More["html"], "<strong>you</strong>") || strings.Contains(p.More["html"], "<script") || !strings.HasPrefix(p.More["tags"], "31,") {
		t.Errorf("%v", p.More)
	}
	if receipt.Permalink != "https://blog.example/my-address" {
		t.Errorf("%s", receipt.Permalink)
	}
	if len(p.Files) != 2 || strings.Count(p.More["html"], "<img") != 1 {
		t.Errorf("the first picture stands on top and the second in the text: %s", p.More["html"])
	}
	page := r.Draft("article")
	page.Settings = json.RawMessage(`{"type":"page","featured":false}`)
	if p := r.Seen(r.Publish(page).ID); strings.Count(p.More["html"], "<img") != 2 {
		t.Errorf("%s", p.More["html"])
	}
}

func TestAnArticleIsCommentedEditedAndMovedToTheTrash(t *testing.T) {
	t.Parallel()
	r := open(t)
	receipt := r.Publish(r.Draft("article"))
	comment := r.Draft("comment")
	comment.Parent, comment.Root = &receipt, &receipt
	second := r.Publish(comment)
	again := r.Draft("comment")
	again.Text, again.Parent = comment.Text, &receipt
	if out := r.Refused(again); out.Class != connector.Duplicate {
		t.Errorf("the same comment again: %+v", out)
	}
	w := Connector{}
	r.Do(func(ctx context.Context, c *connector.Call) error {
		answers, next, err := w.Replies(ctx, c, receipt, "")
		if len(answers) != 1 || answers[0].ID != second.ID || next != "" || answers[0].At.IsZero() {
			t.Errorf("%+v", answers)
		}
		return err
	})
	r.Do(func(ctx context.Context, c *connector.Call) error {
		d := r.Draft("article")
		d.Text = "Changed"
		_, err := w.Edit(ctx, c, receipt, &d)
		return err
	})
	if got := r.Seen(receipt.ID).Text; !strings.Contains(got, "Changed") {
		t.Errorf("%q", got)
	}
	r.Do(func(ctx context.Context, c *connector.Call) error {
		categories, err := w.Lookup(ctx, c, "categories", "", nil)
		authors, err2 := w.Lookup(ctx, c, "authors", "", nil)
		if err2 != nil || len(categories) != 2 || categories[0].Label != "News & notes" || len(authors) != 1 {
			t.Errorf("%v %v %v", categories, authors, err2)
		}
		return err
	})
	for range 2 {
		r.Do(func(ctx context.Context, c *connector.Call) error { return w.Delete(ctx, c, receipt) })
	}
	r.Do(func(ctx context.Context, c *connector.Call) error { return w.Revoke(ctx, c) })
}

func TestConnectingSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	wrong := account()
	wrong.Fields["password"] = "not this one"
	if _, err := conform.TryOpen(t, New, wordpressfake.New, wrong); err == nil || !strings.Contains(err.Error(), "weren't accepted") {
		t.Errorf("%v", err)
	}
}
