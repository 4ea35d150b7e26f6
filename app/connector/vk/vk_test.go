package vk

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/conform"
	"github.com/omniposto/omniposto/app/connector/fake"
	"github.com/omniposto/omniposto/app/connector/vk/vkfake"
)

func TestConnector(t *testing.T) { conform.Run(t, New, vkfake.New) }

var signedIn = fake.Account{Way: signIn}

func TestWallsAreChosen(t *testing.T) {
	t.Parallel()
	r := conform.Open(t, New, vkfake.New, signedIn)
	if ch := r.Channel(); ch.Target != "1001" || ch.Name != "Ada Example" || ch.URL != "https://vk.com/id1001" {
		t.Errorf("%+v", ch)
	}
	r.Do(func(ctx context.Context, c *connector.Call) error {
		list, err := Connector{}.Choose(ctx, c)
		if len(list) != 2 || list[1].ID != "-77" || list[1].URL != "https://vk.com/club77" {
			t.Errorf("%+v", list)
		}
		c.Channel.Target = "-77"
		id, _ := Connector{}.Who(ctx, c)
		if id.ID != "-77" || id.Name != "The club" {
			t.Errorf("of a community: %+v", id)
		}
		return err
	})
	if ch := conform.Open(t, New, vkfake.New, vkfake.Community).Channel(); ch.RemoteID != "-77" || ch.Target != "" {
		t.Errorf("by its token: %+v", ch)
	}
}

func TestSettingsReachTheWall(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		account  fake.Account
		settings string
		want     string
	}{
		{vkfake.Community, `{}`, "map[from_group:1]"},
		{vkfake.Community, `{"signed":true,"close_comments":true,"mute_notifications":true,"copyright":"https://example.com/a"}`, "map[close_comments:1 copyright:https://example.com/a from_group:1 mute_notifications:1 signed:1]"},
		{vkfake.Community, `{"from_group":false,"signed":true}`, "map[]"},
		{signedIn, `{"friends_only":true,"signed":true}`, "map[friends_only:1]"},
	} {
		r := conform.Open(t, New, vkfake.New, c.account)
		d := r.Draft("text")
		d.Settings = json.RawMessage(c.settings)
		receipt := r.Publish(d)
		m := r.Seen(receipt.ID).More
		for name, v := range m {
			if v == "" {
				delete(m, name)
			}
		}
		if fmt.Sprint(m) != c.want || receipt.Permalink != "https://vk.com/wall"+receipt.ID {
			t.Errorf("%s: %v %s", c.settings, m, receipt.Permalink)
		}
	}
	r := conform.Open(t, New, vkfake.New, vkfake.Community)
	d := r.Draft("text")
	d.Settings = json.RawMessage(`{"friends_only":true}`)
	if got := spec.Check(&d); len(got) != 1 || got[0].Code != "friends_only" {
		t.Errorf("friends of a community: %v", got)
	}
}

func TestACommunitysTokenTakesWordsOnly(t *testing.T) {
	t.Parallel()
	r := conform.Open(t, New, vkfake.New, vkfake.Community)
	d := r.Draft("media")
	d.Kind = ""
	if got := spec.Check(&d); len(got) == 0 {
		t.Error("files are taken")
	}
}

func TestAPostIsEditedMeasuredAnsweredAndDeleted(t *testing.T) {
	t.Parallel()
	r := conform.Open(t, New, vkfake.New, signedIn)
	first := r.Publish(r.Draft("media"))
	var comments []connector.Receipt
	for range 3 {
		c := r.Draft("comment")
		c.Role, c.Parent, c.Root = connector.Comment, &first, &first
		comments = append(comments, r.Publish(c))
	}
	if !strings.HasPrefix(comments[0].Permalink, first.Permalink+"?reply=") {
		t.Error(comments[0].Permalink)
	}
	m := Connector{}
	r.Do(func(ctx context.Context, c *connector.Call) error {
		d := r.Draft("media")
		d.Text = "Changed"
		_, err := m.Edit(ctx, c, first, &d)
		return err
	})
	if got := r.Seen(first.ID); got.Text != "Changed" || len(got.Files) != 2 {
		t.Errorf("edited is %q with %d files", got.Text, len(got.Files))
	}
	r.Do(func(ctx context.Context, c *connector.Call) error {
		figures, err := m.Measure(ctx, c, []connector.Receipt{first, {ID: "1001_404"}})
		if len(figures) != 1 || figures[0].ID != first.ID || fmt.Sprint(figures[0].Counts) != "map[likes:1 replies:2 reposts:3 views:4]" {
			t.Errorf("%v", figures)
		}
		return err
	})
	r.Do(func(ctx context.Context, c *connector.Call) error {
		page, next, err := m.Replies(ctx, c, first, "")
		rest, end, _ := m.Replies(ctx, c, first, next)
		if len(page) != 2 || page[0].ID != comments[0].ID || page[0].Author != "The club" || len(rest) != 1 || rest[0].ID != comments[2].ID || end != "" {
			t.Errorf("%+v then %+v (%q)", page, rest, end)
		}
		return err
	})
	for range 2 { // deleting what is gone is no error
		r.Do(func(ctx context.Context, c *connector.Call) error { return m.Delete(ctx, c, comments[0]) })
		r.Do(func(ctx context.Context, c *connector.Call) error { return m.Delete(ctx, c, first) })
	}
	if n := len(r.Platform().Visible()); n != 2 {
		t.Errorf("%d are visible", n)
	}
}

func TestAccessIsEndedAtVK(t *testing.T) {
	t.Parallel()
	r := conform.Open(t, New, vkfake.New, vkfake.Community)
	r.Platform().EndAccess()
	if out := r.Refused(r.Draft("text")); out.End != connector.EndReconnect || out.Words != "VK ended our access. Connect again." {
		t.Errorf("%s %q", out.End, out.Words)
	}
	r = conform.Open(t, New, vkfake.New, signedIn)
	for range 2 { // ending what has ended is no error
		r.Do(func(ctx context.Context, c *connector.Call) error { return Connector{}.Revoke(ctx, c) })
	}
}
