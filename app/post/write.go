package post

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/omniposto/omniposto/app/access"
	"github.com/omniposto/omniposto/app/apikey"
	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/base/fail"
	"github.com/omniposto/omniposto/app/channel"
	"github.com/omniposto/omniposto/app/delivery"
	"github.com/omniposto/omniposto/app/event"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/organization"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

const (
	maxLabel    = 60                  // runes
	session     = 10 * time.Minute    // one editing session leaves one audit event
	TrashLife   = 14 * 24 * time.Hour // how long a deleted post can be brought back
	maxSettings = 64 << 10
)

// changes is the content as a request that gives every field.
func (c Content) changes() Changes {
	return Changes{Text: &c.Text, Segments: &c.Segments, Media: &c.Media, Channels: &c.Channels, Variants: &c.Variants, Labels: &c.Labels, Schedule: c.Schedule, Private: &c.Private}
}

func (c Content) apply(p *Post) error { return c.changes().apply(p) }

// apply puts the fields that are there into the post.
func (c Changes) apply(p *Post) error {
	if len(p.Parts) == 0 {
		p.Parts = []Part{{}}
	}
	p.Parts = slices.Clone(p.Parts)
	if c.Text != nil {
		p.Parts[0].Text = *c.Text
	}
	if c.Media != nil {
		p.Parts[0].Media = mediaOf(*c.Media)
	}
	if c.Segments != nil {
		p.Parts = p.Parts[:1]
		for _, seg := range *c.Segments {
			p.Parts = append(p.Parts, Part{Text: seg.Text, Media: mediaOf(seg.Media)})
		}
	}
	if c.Channels != nil {
		p.Channels = nil
		for _, id := range *c.Channels {
			if !slices.Contains(p.Channels, id) {
				p.Channels = append(p.Channels, id)
			}
		}
	}
	if c.Labels != nil {
		labels, err := tidyLabels(*c.Labels)
		if err != nil {
			return err
		}
		p.Labels = labels
	}
	if c.Private != nil {
		p.Private = *c.Private
	}
	return c.variants(p)
}

func (c Changes) variants(p *Post) error {
	if c.Variants != nil {
		p.Variants = map[ref.Channel]Variant{}
		for text, v := range *c.Variants {
			var id ref.Channel
			if err := id.UnmarshalText([]byte(text)); err != nil || len(v.Settings) > maxSettings {
				return ErrVariant.At("/variants/"+text, "use the id of one of the post's channels")
			}
			p.Variants[id] = v.variant()
		}
	}
	for id := range p.Variants {
		if !slices.Contains(p.Channels, id) {
			if c.Variants != nil {
				return ErrVariant.At("/variants/"+id.String(), "add the channel, or leave the variant out")
			}
			delete(p.Variants, id)
		}
	}
	return nil
}

func tidyLabels(in []string) ([]string, error) {
	var out []string
	for i, l := range in {
		l = strings.Join(strings.Fields(l), " ")
		switch {
		case l == "":
			continue
		case utf8.RuneCountInString(l) > maxLabel:
			return nil, fail.Invalid("invalid", "Some fields need another value.").At(fmt.Sprintf("/labels/%d", i), fmt.Sprintf("at most %d characters", maxLabel))
		case !slices.Contains(out, l):
			out = append(out, l)
		}
	}
	return out, nil
}

// checkAssets refuses files that aren't in the workspace.
func (s *Posts) checkAssets(tx store.ReadTx, p Post) error {
	for _, id := range p.assets() {
		if _, ok := s.Asset(tx, p.Organization, p.Workspace, id); !ok {
			return ErrAsset.At("/media", id.String()+" isn't a file of this workspace")
		}
	}
	return nil
}

// noteUses keeps the list of posts that use an asset right.
func noteUses(tx store.Tx, was, now Post) {
	before, after := was.assets(), now.assets()
	for _, a := range before {
		if !slices.Contains(after, a) {
			uses.Delete(tx, store.K(a, now.ID))
		}
	}
	for _, a := range after {
		if !slices.Contains(before, a) {
			uses.Put(tx, use{Asset: a, Post: now.ID})
		}
	}
}

func thing(p Post) audit.Thing {
	return audit.Thing{Kind: "post", ID: p.ID.String(), Workspace: p.Workspace.String()}
}

func (s *Posts) create(ctx context.Context, c op.Call, in *createPost) (*View, error) {
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*View, error) {
		now := tx.Now()
		p := Post{Organization: c.Organization, Workspace: c.Workspace, ID: ref.Mint[ref.Post](now), Author: c.Actor.Identity, CreatedAt: now, UpdatedAt: now,
			Version: 1, NotedBy: c.Actor.Identity, NotedAt: now}
		if err := in.Body.apply(&p); err != nil {
			return nil, err
		}
		if err := s.checkAssets(tx, p); err != nil {
			return nil, err
		}
		if _, err := channelsOf(tx, p); err != nil {
			return nil, err
		}
		if in.Body.Schedule != nil {
			if err := s.schedule(tx, c, &p, *in.Body.Schedule, nil); err != nil {
				return nil, err
			}
		}
		posts.Put(tx, p)
		noteUses(tx, Post{}, p)
		s.stand(tx, p)
		values := map[string]string{"state": "draft"}
		if p.Schedule != nil {
			values["state"] = "scheduled"
		}
		op.Write(tx, c, op.Act{Action: "post.created", On: thing(p), Values: values, Change: event.Change{Post: p.ID, Version: p.Version}})
		return s.view(tx, p), nil
	})
}

// mayPublish says whether the caller may decide about what goes out.
func mayPublish(c op.Call) error {
	switch {
	case c.Actor.MayInWorkspace(access.PostsPublish, c.Organization, c.Workspace):
		return nil
	case c.Actor.DraftsOnly():
		return apikey.ErrDraftsOnly
	}
	return ErrMayPublish.With("permission", string(access.PostsPublish))
}

// schedule gives the post its time and its deliveries. was is the post before, nil for a new one.
func (s *Posts) schedule(tx store.Tx, c op.Call, p *Post, w Wish, was *Post) error {
	if err := mayPublish(c); err != nil {
		return err
	}
	if len(p.Channels) == 0 {
		return ErrNoChannels.At("/channels", "name at least one")
	}
	in, ok := organization.GetWorkspace(tx, p.Organization, p.Workspace)
	if !ok {
		return ErrNotFound
	}
	list, err := channelsOf(tx, *p)
	if err != nil {
		return err
	}
	pl, err := s.resolve(tx, w, *p, in, list)
	if err != nil {
		return err
	}
	p.Schedule, p.Private = &pl.schedule, false
	return s.commit(tx, c, *p, pl, in, list, was, true)
}

// commit checks the post by every channel's rules and makes its deliveries so.
func (s *Posts) commit(tx store.Tx, c op.Call, p Post, pl plan, in organization.Workspace, list []channel.Channel, was *Post, moved bool) error {
	if err := s.blocked(tx, p, list, in.AltText); err != nil {
		return err
	}
	changed := func(id ref.Channel) bool { return was == nil || s.differs(tx, *was, p, id) }
	made, err := s.settle(tx, p, pl, in, list, changed, moved && was != nil && timeDiffers(*was, p))
	if err == nil {
		err = s.Spend(tx, c.Actor, made)
	}
	if err != nil {
		return err
	}
	take(tx, p.ID, pl.due)
	return nil
}

func timeDiffers(was, now Post) bool {
	return was.Schedule == nil || now.Schedule == nil || !was.Schedule.At.Equal(now.Schedule.At) || was.Schedule.Kind != now.Schedule.Kind
}

// differs says whether what goes to the channel is another than before.
func (s *Posts) differs(tx store.ReadTx, was, now Post, id ref.Channel) bool {
	a, b := was.PartsFor(id, true), now.PartsFor(id, true)
	return !reflect.DeepEqual(a, b) || was.FirstComment(id) != now.FirstComment(id) || !bytes.Equal(was.Variants[id].Settings, now.Variants[id].Settings)
}

func (s *Posts) update(ctx context.Context, c op.Call, in *updatePost) (*View, error) {
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*View, error) {
		was, ok := see(tx, c, in.Post)
		if !ok || !was.DeletedAt.IsZero() {
			return nil, ErrNotFound
		}
		if err := c.Matches(was.Version, s.view(tx, was)); err != nil {
			return nil, err
		}
		p := was
		if err := in.Body.apply(&p); err != nil {
			return nil, err
		}
		if p.Private && (p.Author != c.Actor.Identity || was.Schedule != nil && !in.Body.Unschedule) {
			return nil, ErrPrivate.At("/private", "make it a draft of your own first")
		}
		if err := s.checkAssets(tx, p); err != nil {
			return nil, err
		}
		if _, err := channelsOf(tx, p); err != nil {
			return nil, err
		}
		if err := s.reschedule(tx, c, &p, was, in.Body); err != nil {
			return nil, err
		}
		p.Version++
		p.UpdatedAt = tx.Now()
		s.note(tx, c, &p, was, in.Body)
		posts.Put(tx, p)
		noteUses(tx, was, p)
		s.stand(tx, p)
		return s.view(tx, p), nil
	})
}

// reschedule decides what a change means for the deliveries.
func (s *Posts) reschedule(tx store.Tx, c op.Call, p *Post, was Post, ch Changes) error {
	switch {
	case ch.Unschedule:
		if ch.Schedule != nil {
			return ErrSchedule.At("/unschedule", "give either schedule or unschedule")
		}
		return s.unschedule(tx, c, p)
	case ch.Schedule != nil:
		return s.schedule(tx, c, p, *ch.Schedule, &was)
	case was.Schedule == nil:
		return nil
	}
	if err := mayPublish(c); err != nil {
		return err
	}
	if len(p.Channels) == 0 {
		return ErrNoChannels.At("/channels", "keep at least one, or make it a draft")
	}
	in, _ := organization.GetWorkspace(tx, p.Organization, p.Workspace)
	list, err := channelsOf(tx, *p)
	if err != nil {
		return err
	}
	pl := plan{schedule: *p.Schedule, due: map[ref.Channel]time.Time{}}
	for _, d := range s.Deliveries.OfPost(tx, p.ID) {
		if d.Part == 0 {
			pl.due[d.Channel] = d.DueAt.Time()
		}
	}
	for _, ch := range list {
		if _, has := pl.due[ch.ID]; !has {
			pl.due[ch.ID] = p.Schedule.At
		}
	}
	for id := range pl.due {
		if !slices.Contains(p.Channels, id) {
			delete(pl.due, id)
		}
	}
	return s.commit(tx, c, *p, pl, in, list, &was, false)
}

// unschedule takes what waits out of the queue; what is out keeps its delivery.
func (s *Posts) unschedule(tx store.Tx, c op.Call, p *Post) error {
	if p.Schedule != nil {
		if err := mayPublish(c); err != nil {
			return err
		}
	}
	for _, d := range slices.Backward(s.Deliveries.OfPost(tx, p.ID)) {
		if err := s.Deliveries.Remove(tx, d); err != nil {
			return underway(d)
		}
	}
	p.Schedule = nil
	take(tx, p.ID, nil)
	return nil
}

// note records the change: once per editing session for drafts, each time where deliveries are concerned.
func (s *Posts) note(tx store.Tx, c op.Call, p *Post, was Post, ch Changes) {
	change := event.Change{Post: p.ID, Version: p.Version}
	if p.Schedule == nil && was.Schedule == nil && p.NotedBy == c.Actor.Identity && tx.Now().Sub(p.NotedAt) < session {
		op.Unrecorded(c)
		change.Organization, change.Workspace, change.Kind, change.On = p.Organization, p.Workspace, "post.changed", p.ID.String()
		event.Append(tx, change)
		return
	}
	p.NotedBy, p.NotedAt = c.Actor.Identity, tx.Now()
	op.Write(tx, c, op.Act{Action: "post.changed", On: thing(*p), Changed: ch.names(), Change: change})
}

func (c Changes) names() []string {
	var out []string
	for name, there := range map[string]bool{"text": c.Text != nil, "segments": c.Segments != nil, "media": c.Media != nil, "channels": c.Channels != nil,
		"variants": c.Variants != nil, "labels": c.Labels != nil, "schedule": c.Schedule != nil || c.Unschedule} {
		if there {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

func (s *Posts) remove(ctx context.Context, c op.Call, in *PostPath) (*op.None, error) {
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*op.None, error) {
		p, ok := see(tx, c, in.Post)
		if !ok || !p.DeletedAt.IsZero() {
			return nil, ErrNotFound
		}
		if err := c.Matches(p.Version, s.view(tx, p)); err != nil {
			return nil, err
		}
		if p.Schedule != nil {
			if err := mayPublish(c); err != nil {
				return nil, err
			}
		}
		for _, d := range slices.Backward(s.Deliveries.OfPost(tx, p.ID)) {
			if d.State == delivery.Published {
				continue
			}
			if err := s.Deliveries.Remove(tx, d); err != nil {
				return nil, underway(d)
			}
		}
		take(tx, p.ID, nil)
		p.DeletedAt, p.UpdatedAt, p.Version = tx.Now(), tx.Now(), p.Version+1
		posts.Put(tx, p)
		s.stand(tx, p)
		op.Write(tx, c, op.Act{Action: "post.deleted", On: thing(p), Change: event.Change{Post: p.ID, Version: p.Version}})
		return &op.None{}, nil
	})
}

func (s *Posts) restore(ctx context.Context, c op.Call, in *PostPath) (*View, error) {
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*View, error) {
		p, ok := see(tx, c, in.Post)
		if !ok {
			return nil, ErrNotFound
		}
		if err := c.Matches(p.Version, s.view(tx, p)); err != nil {
			return nil, err
		}
		if p.DeletedAt.IsZero() {
			return nil, ErrNotDeleted
		}
		p.DeletedAt, p.UpdatedAt, p.Version = time.Time{}, tx.Now(), p.Version+1
		if len(s.Deliveries.OfPost(tx, p.ID)) == 0 {
			p.Schedule = nil
		}
		posts.Put(tx, p)
		s.stand(tx, p)
		op.Write(tx, c, op.Act{Action: "post.restored", On: thing(p), Change: event.Change{Post: p.ID, Version: p.Version}})
		return s.view(tx, p), nil
	})
}

// Sweep removes at most n posts whose time in the trash is over. Posts with something out keep their record.
func (s *Posts) Sweep(tx store.Tx, n int) int {
	var old []Post
	for _, p := range posts.By(tx, "deleted", store.Range{To: store.K(tx.Now().Add(-TrashLife))}) {
		if len(s.Deliveries.OfPost(tx, p.ID)) > 0 {
			continue
		}
		if old = append(old, p); len(old) == n {
			break
		}
	}
	for _, p := range old {
		noteUses(tx, p, Post{ID: p.ID})
		standings.Delete(tx, store.K(p.Organization, p.Workspace, p.ID))
		posts.Delete(tx, store.K(p.Organization, p.Workspace, p.ID))
	}
	return len(old)
}

// Import puts a post in as it is, with its deliveries at the given instants: how posts come from elsewhere.
func (s *Posts) Import(tx store.Tx, p Post, due map[ref.Channel]time.Time) error {
	in, ok := organization.GetWorkspace(tx, p.Organization, p.Workspace)
	if !ok {
		return ErrNotFound
	}
	list, err := channelsOf(tx, p)
	if err != nil {
		return err
	}
	if p.Schedule != nil {
		if _, err := s.settle(tx, p, plan{schedule: *p.Schedule, due: due}, in, list, func(ref.Channel) bool { return true }, false); err != nil {
			return err
		}
	}
	posts.Put(tx, p)
	noteUses(tx, Post{}, p)
	s.stand(tx, p)
	return nil
}
