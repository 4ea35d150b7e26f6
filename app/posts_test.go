package app

import (
	"strings"
	"testing"
	"time"

	"github.com/omniposto/omniposto/app/base/clock"
)

func (w *world) path(rest string) string { return "/workspaces/" + w.ws + rest }

// published waits until the delivery is.
func (w *world) published(id string) answer {
	w.t.Helper()
	var a answer
	defer func() {
		if w.t.Failed() {
			w.t.Logf("it ended so: %s", a.raw)
		}
	}()
	w.eventually("delivery "+id+" published", func() bool {
		a = w.owner.must(200, "GET", w.path("/deliveries/"+id), nil)
		return a.get("status") == "published"
	})
	return a
}

func TestAPostIsPublishedOnPractice(t *testing.T) {
	w := newWorld(t)
	a := w.owner.must(201, "POST", w.path("/posts"), map[string]any{"text": "Hello", "channels": []string{w.practice()}, "segments": []map[string]any{{"text": "and on"}, {"text": "the end"}}, "schedule": map[string]any{"now": true}})
	if n := len(a.get("deliveries").([]any)); n != 3 {
		t.Fatalf("%d deliveries for three parts", n)
	}
	last := w.published(a.text("deliveries.2.id"))
	if last.get("attempts.0.outcome") != "published" || last.get("receipt.remote_id") == nil || last.get("once.by") != "deterministic" {
		t.Errorf("the delivery reads %s", last.raw)
	}
	feed := w.owner.must(200, "GET", w.path("/practice"), nil)
	if len(feed.get("items").([]any)) != 3 || feed.text("items.0.text") != "the end" || feed.get("items.0.parent") != feed.get("items.1.id") {
		t.Errorf("the feed reads %s", feed.raw)
	}
	if a := w.owner.must(200, "GET", w.path("/posts/"+a.text("id")), nil); a.text("status") != "published" {
		t.Errorf("the post is %s", a.text("status"))
	}
	if a := w.owner.must(200, "GET", w.path("/home"), nil); a.get("first_steps.practice_post") != true || a.text("today.0.status") != "published" {
		t.Errorf("home reads %s", a.raw)
	}
}

func TestNothingGoesOutBeforeItsTime(t *testing.T) {
	c := clock.NewManual(monday)
	w := newWorldStill(t, c)
	a := w.owner.must(201, "POST", w.path("/posts"), map[string]any{"text": "later", "channels": []string{w.practice()}, "schedule": map[string]any{"at": "2026-11-23T10:30", "timezone": "Europe/Berlin"}})
	if a.text("schedule.at") != "2026-11-23T09:30:00Z" || a.text("status") != "scheduled" {
		t.Fatalf("scheduled: %s", a.raw)
	}
	c.Advance(29*time.Minute + 59*time.Second)
	if a := w.owner.must(200, "GET", w.path("/practice"), nil); len(a.get("items").([]any)) != 0 {
		t.Fatal("it went out early")
	}
	c.Advance(2 * time.Second)
	w.published(a.text("deliveries.0.id"))
}

func TestTimesThatDontExistOrAreOver(t *testing.T) {
	c := clock.NewManual(time.Date(2027, 3, 27, 9, 0, 0, 0, time.UTC))
	w := newWorldStill(t, c)
	try := func(schedule map[string]any) answer {
		return w.owner.send("POST", w.path("/posts?dry_run=true"), map[string]any{"text": "x", "channels": []string{w.practice()}, "schedule": schedule})
	}
	skipped := try(map[string]any{"at": "2027-03-28T02:30", "timezone": "Europe/Berlin"})
	if skipped.status != 201 || skipped.text("schedule.at") != "2027-03-28T01:00:00Z" || skipped.get("dry_run") != true {
		t.Errorf("the hour that is skipped: %s", skipped.raw)
	}
	for name, c := range map[string]struct {
		schedule map[string]any
		code     string
	}{
		"an unknown zone": {map[string]any{"at": "2027-03-28T12:30", "timezone": "Mars/Base"}, "zone_unknown"},
		"a past time":     {map[string]any{"at": "2027-03-26T12:30", "timezone": "Europe/Berlin"}, "time_past"},
		"no such day":     {map[string]any{"at": "2027-02-30T12:30", "timezone": "Europe/Berlin"}, "time_invalid"},
		"two ways":        {map[string]any{"at": "2027-03-28T12:30", "now": true}, "schedule_invalid"},
		"no way":          {map[string]any{}, "schedule_invalid"},
		"no slots":        {map[string]any{"slot": "next"}, "no_free_slot"},
	} {
		if a := try(c.schedule); a.status < 400 || a.code() != c.code {
			t.Errorf("%s: %d %s", name, a.status, a.raw)
		}
	}
	if a := w.owner.must(200, "GET", w.path("/posts"), nil); len(a.get("items").([]any)) != 0 {
		t.Error("a dry run kept something")
	}
}

func TestTwoPeopleCantGetTheSameSlot(t *testing.T) {
	c := clock.NewManual(monday)
	w := newWorldStill(t, c)
	ch := w.practice()
	w.owner.must(200, "PATCH", w.path("/channels/"+ch), map[string]any{"slots": []map[string]any{{"weekday": 2, "time": "09:30"}, {"weekday": 3, "time": "12:00"}}}, "If-Match", `"1"`)
	post := func() answer {
		return w.owner.must(201, "POST", w.path("/posts"), map[string]any{"text": "slot", "channels": []string{ch}, "schedule": map[string]any{"slot": "next"}})
	}
	first, second := post(), post()
	if first.text("schedule.at") != "2026-11-24T08:30:00Z" || second.text("schedule.at") != "2026-11-25T11:00:00Z" {
		t.Errorf("slots: %s and %s", first.text("schedule.at"), second.text("schedule.at"))
	}
	if a := w.owner.must(200, "GET", w.path("/channels/"+ch+"/slots?count=3"), nil); a.get("items.0.taken_by") != first.text("id") || a.get("items.2.taken_by") != nil {
		t.Errorf("coming slots: %s", a.raw)
	}
	w.owner.must(204, "DELETE", w.path("/posts/"+first.text("id")), nil, first.match()...)
	if third := post(); third.text("schedule.at") != "2026-11-24T08:30:00Z" {
		t.Errorf("a freed slot isn't taken: %s", third.text("schedule.at"))
	}
}

func TestEditingMovesWhatWaitsAndRefusesWhatIsOut(t *testing.T) {
	c := clock.NewManual(monday)
	w := newWorldStill(t, c)
	ch := w.practice()
	a := w.owner.must(201, "POST", w.path("/posts"), map[string]any{"text": "one", "channels": []string{ch}, "schedule": map[string]any{"at": "2026-11-23T10:00:00Z", "timezone": "UTC"}})
	id := a.text("id")
	b := w.owner.must(200, "PATCH", w.path("/posts/"+id), map[string]any{"text": "two", "schedule": map[string]any{"at": "2026-11-23T11:00:00Z", "timezone": "UTC"}}, a.match()...)
	if b.text("deliveries.0.due_at") != "2026-11-23T11:00:00Z" || b.get("version") != float64(2) {
		t.Fatalf("moved: %s", b.raw)
	}
	if s := w.owner.must(412, "PATCH", w.path("/posts/"+id), map[string]any{"text": "three"}, a.match()...); s.text("current.text") != "two" {
		t.Errorf("stale: %s", s.raw)
	}
	more := w.owner.must(200, "PATCH", w.path("/posts/"+id), map[string]any{"segments": []map[string]any{{"text": "more"}}}, b.match()...)
	if len(more.get("deliveries").([]any)) != 2 {
		t.Fatalf("a part more: %s", more.raw)
	}
	draft := w.owner.must(200, "PATCH", w.path("/posts/"+id), map[string]any{"unschedule": true}, more.match()...)
	if draft.text("status") != "draft" || len(draft.get("deliveries").([]any)) != 0 {
		t.Fatalf("unscheduled: %s", draft.raw)
	}
	out := w.owner.must(200, "PATCH", w.path("/posts/"+id), map[string]any{"schedule": map[string]any{"now": true}, "segments": []any{}}, draft.match()...)
	w.published(out.text("deliveries.0.id"))
	if s := w.owner.must(409, "PATCH", w.path("/posts/"+id), map[string]any{"text": "four"}, out.match()...); s.code() != "delivery_out" {
		t.Errorf("what is out: %s", s.raw)
	}
	labelled := w.owner.must(200, "PATCH", w.path("/posts/"+id), map[string]any{"labels": []string{" Winter  sale ", "Winter sale"}}, out.match()...)
	if labelled.text("labels.0") != "Winter sale" || labelled.get("labels.1") != nil {
		t.Errorf("labels: %s", labelled.raw)
	}
}

func TestVariantsFallBackFieldByField(t *testing.T) {
	w := newWorld(t)
	ch := w.practice()
	a := w.owner.must(201, "POST", w.path("/posts"), map[string]any{"text": "base", "segments": []map[string]any{{"text": "base two"}}, "channels": []string{ch},
		"variants": map[string]any{ch: map[string]any{"segments": []map[string]any{{"text": "changed two"}}}}, "schedule": map[string]any{"now": true}})
	w.published(a.text("deliveries.1.id"))
	feed := w.owner.must(200, "GET", w.path("/practice"), nil)
	if feed.text("items.1.text") != "base" || feed.text("items.0.text") != "changed two" {
		t.Errorf("the feed reads %s", feed.raw)
	}
	if a := w.owner.must(422, "POST", w.path("/posts"), map[string]any{"text": "x", "channels": []string{}, "variants": map[string]any{ch: map[string]any{"text": "y"}}}); a.code() != "variant_unknown" {
		t.Errorf("a variant of no channel: %s", a.raw)
	}
}

func TestAuthorsDraftAndPublishersSchedule(t *testing.T) {
	w := newWorld(t)
	author, publisher := w.join("aisha@halden.example", "member", "author"), w.join("tom@halden.example", "member", "publisher")
	body := map[string]any{"text": "mine", "channels": []string{w.practice()}}
	draft := author.must(201, "POST", w.path("/posts"), body)
	if draft.text("status") != "draft" || draft.text("author.name") == "" {
		t.Errorf("a draft: %s", draft.raw)
	}
	if a := author.must(403, "PATCH", w.path("/posts/"+draft.text("id")), map[string]any{"schedule": map[string]any{"now": true}}, draft.match()...); a.get("permission") != "posts.publish" {
		t.Errorf("an author scheduling: %s", a.raw)
	}
	out := publisher.must(200, "PATCH", w.path("/posts/"+draft.text("id")), map[string]any{"schedule": map[string]any{"now": true}}, draft.match()...)
	w.published(out.text("deliveries.0.id"))
}

func TestProblemsAreToldBeforeAndRefusedAtScheduling(t *testing.T) {
	w := newWorld(t)
	ch := w.practice()
	limit := int(w.owner.must(200, "POST", w.path("/posts/check"), map[string]any{"text": "x", "channels": []string{ch}}).get("channels." + ch + ".limit").(float64))
	long := map[string]any{"text": strings.Repeat("é", limit+1), "channels": []string{ch}}
	v := w.owner.must(200, "POST", w.path("/posts/check"), long)
	if v.get("channels."+ch+".length") != float64(limit+1) || v.text("channels."+ch+".problems.0.severity") != "block" || v.text("channels."+ch+".problems.0.fix") == "" {
		t.Errorf("checked: %s", v.raw)
	}
	w.owner.must(201, "POST", w.path("/posts"), long) // a draft may be too long
	long["schedule"] = map[string]any{"now": true}
	if a := w.owner.must(422, "POST", w.path("/posts"), long); a.code() != "post_has_problems" || !strings.HasPrefix(a.text("errors.0.pointer"), "/variants/"+ch) {
		t.Errorf("scheduling: %s", a.raw)
	}
	empty := map[string]any{"text": "", "channels": []string{ch}, "schedule": map[string]any{"now": true}}
	if a := w.owner.must(422, "POST", w.path("/posts"), empty); a.code() != "post_has_problems" {
		t.Errorf("an empty post: %s", a.raw)
	}
	none := map[string]any{"text": "x", "schedule": map[string]any{"now": true}}
	if a := w.owner.must(422, "POST", w.path("/posts"), none); a.code() != "channels_missing" || a.text("errors.0.pointer") != "/channels" {
		t.Errorf("no channels: %s", a.raw)
	}
}

func TestTrashKeepsAndGivesBack(t *testing.T) {
	w := newWorld(t)
	a := w.owner.must(201, "POST", w.path("/posts"), map[string]any{"text": "keep me", "channels": []string{w.practice()}, "schedule": map[string]any{"at": time.Now().Add(time.Hour), "timezone": "UTC"}})
	id := a.text("id")
	w.owner.must(204, "DELETE", w.path("/posts/"+id), nil, a.match()...)
	if l := w.owner.must(200, "GET", w.path("/posts"), nil); len(l.get("items").([]any)) != 0 {
		t.Errorf("deleted posts are listed: %s", l.raw)
	}
	l := w.owner.must(200, "GET", w.path("/posts?deleted=true"), nil)
	if l.text("items.0.text") != "keep me" {
		t.Fatalf("the trash: %s", l.raw)
	}
	back := w.owner.must(200, "POST", w.path("/posts/"+id+"/restore"), nil, "If-Match", `"2"`)
	if back.text("status") != "draft" || back.text("text") != "keep me" {
		t.Errorf("restored: %s", back.raw)
	}
}

func TestPausedWorkspaceHoldsAndGoesOn(t *testing.T) {
	c := clock.NewManual(monday)
	w := newWorldStill(t, c)
	ws := w.owner.must(200, "GET", w.path(""), nil)
	paused := w.owner.must(200, "PATCH", w.path(""), map[string]any{"paused": true}, ws.match()...)
	a := w.owner.must(201, "POST", w.path("/posts"), map[string]any{"text": "held", "channels": []string{w.practice()}, "schedule": map[string]any{"now": true}})
	if a.text("deliveries.0.status") != "paused" || a.text("status") != "paused" {
		t.Fatalf("in a paused workspace: %s", a.raw)
	}
	w.owner.must(200, "PATCH", w.path(""), map[string]any{"paused": false}, paused.match()...)
	c.Advance(time.Second)
	w.published(a.text("deliveries.0.id"))
}

func TestListsPageWithoutGapsOrDoubles(t *testing.T) {
	w := newWorld(t)
	for range 25 {
		w.owner.must(201, "POST", w.path("/posts"), map[string]any{"text": "one of many", "labels": []string{"many"}})
	}
	seen := map[string]bool{}
	cursor := ""
	for pages := 0; ; pages++ {
		a := w.owner.must(200, "GET", w.path("/posts?limit=7&status=draft&label=many&cursor="+cursor), nil)
		for i := range a.get("items").([]any) {
			id := a.text("items." + string(rune('0'+i)) + ".id")
			if seen[id] {
				t.Fatalf("%s twice", id)
			}
			seen[id] = true
		}
		next, more := a.get("next_cursor").(string)
		if !more {
			break
		}
		cursor = next
		if pages > 10 {
			t.Fatal("the list has no end")
		}
	}
	if len(seen) != 25 {
		t.Errorf("%d of 25 posts", len(seen))
	}
	if a := w.owner.must(422, "GET", w.path("/deliveries?cursor="+cursor), nil); a.code() != "cursor_invalid" {
		t.Errorf("a cursor of another list: %s", a.raw)
	}
	if a := w.owner.must(200, "GET", w.path("/posts?q=MANY+one"), nil); len(a.get("items").([]any)) != 25 {
		t.Errorf("search: %s", a.raw)
	}
}

func TestIdempotencyKeysMakeRepetitionsOne(t *testing.T) {
	w := newWorld(t)
	body := map[string]any{"text": "once", "channels": []string{w.practice()}}
	first := w.owner.must(201, "POST", w.path("/posts"), body, "Idempotency-Key", "k1")
	again := w.owner.must(201, "POST", w.path("/posts"), body, "Idempotency-Key", "k1")
	if first.text("id") != again.text("id") || again.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("a repetition made another: %s", again.raw)
	}
	body["text"] = "twice"
	if a := w.owner.must(422, "POST", w.path("/posts"), body, "Idempotency-Key", "k1"); a.code() != "idempotency_key_reused" {
		t.Errorf("another body: %s", a.raw)
	}
	w.owner.must(201, "POST", w.path("/posts"), body, "Idempotency-Key", "k2")
	bad := map[string]any{"text": "x", "channels": []string{"chn_00000000000000000000000000"}}
	w.owner.must(422, "POST", w.path("/posts"), bad, "Idempotency-Key", "k3")
	w.owner.must(422, "POST", w.path("/posts"), bad, "Idempotency-Key", "k3") // a refusal is not kept
	invite := map[string]any{"email": "tom@halden.example", "role": "member"}
	w.owner.must(201, "POST", "/organizations/"+w.org+"/invitations", invite, "Idempotency-Key", "k4")
	if a := w.owner.must(409, "POST", "/organizations/"+w.org+"/invitations", invite, "Idempotency-Key", "k4"); a.code() != "already_created" || strings.Contains(a.raw, "token=") {
		t.Errorf("a secret shown twice: %s", a.raw)
	}
}

// TestAPrivateDraftIsItsAuthorsAlone holds that neither another role nor a list, search, count or change shows it.
func TestAPrivateDraftIsItsAuthorsAlone(t *testing.T) {
	w := newWorld(t)
	author := w.join("aisha@halden.example", "member", "author")
	mine := author.must(201, "POST", w.path("/posts"), map[string]any{"text": "canary-private-draft", "private": true, "channels": []string{w.practice()}})
	id := mine.text("id")
	for _, path := range []string{"/posts", "/posts?status=draft", "/posts?q=canary", "/home", "/calendar?from=2000-01-01T00:00:00Z&to=2000-02-01T00:00:00Z"} {
		if a := w.owner.must(200, "GET", w.path(path), nil); strings.Contains(a.raw, id) || strings.Contains(a.raw, "canary") {
			t.Errorf("%s shows it to the owner: %s", path, a.raw)
		}
	}
	w.owner.must(404, "GET", w.path("/posts/"+id), nil)
	w.owner.must(404, "PATCH", w.path("/posts/"+id), map[string]any{"text": "mine now"}, "If-Match", `"1"`)
	w.owner.must(404, "DELETE", w.path("/posts/"+id), nil, "If-Match", `"1"`)
	if a := author.must(200, "GET", w.path("/posts?q=canary"), nil); a.text("items.0.id") != id || a.get("items.0.private") != true {
		t.Errorf("the author sees %s", a.raw)
	}
	shared := author.must(200, "PATCH", w.path("/posts/"+id), map[string]any{"private": false}, mine.match()...)
	w.owner.must(200, "GET", w.path("/posts/"+id), nil)
	if a := w.owner.must(422, "PATCH", w.path("/posts/"+id), map[string]any{"private": true}, shared.match()...); a.code() != "private_invalid" {
		t.Errorf("somebody else's draft: %s", a.raw)
	}
	own := w.owner.must(201, "POST", w.path("/posts"), map[string]any{"text": "soon", "private": true, "channels": []string{w.practice()}})
	out := w.owner.must(200, "PATCH", w.path("/posts/"+own.text("id")), map[string]any{"schedule": map[string]any{"at": w.app.Clock.Now().Add(time.Hour), "timezone": "UTC"}}, own.match()...)
	if out.get("private") != false {
		t.Errorf("scheduling ends it: %s", out.raw)
	}
}

// TestAChannelMayTakeNothingOfAPost: no files for one channel is a choice, and stays one when it is read again.
func TestAChannelMayTakeNothingOfAPost(t *testing.T) {
	w := newWorld(t)
	asset := w.owner.upload("square.png", squarePNG(t))
	ch := w.practice()
	a := w.owner.must(201, "POST", w.path("/posts"), map[string]any{"text": "With a picture", "media": []any{map[string]any{"asset": asset.text("id")}}, "channels": []string{ch},
		"variants": map[string]any{ch: map[string]any{"media": []any{}, "segments": []any{map[string]any{"text": "on", "media": []any{}}}}}})
	for _, read := range []answer{a, w.owner.must(200, "GET", w.path("/posts/"+a.text("id")), nil)} {
		for _, path := range []string{"variants." + ch + ".media", "variants." + ch + ".segments.0.media"} {
			if list, ok := read.get(path).([]any); !ok || len(list) != 0 {
				t.Errorf("%s is %v", path, read.get(path))
			}
		}
		if read.get("variants."+ch+".segments.0.text") != "on" {
			t.Errorf("the words of the second part: %s", read.raw)
		}
	}
	w.owner.must(200, "PATCH", w.path("/posts/"+a.text("id")), map[string]any{"schedule": map[string]any{"now": true}}, a.match()...)
	w.eventually("a post without its picture", func() bool {
		return strings.Contains(w.owner.must(200, "GET", w.path("/practice"), nil).raw, "With a picture")
	})
	if feed := w.owner.must(200, "GET", w.path("/practice"), nil); strings.Contains(feed.raw, asset.text("id")) {
		t.Errorf("the feed: %s", feed.raw)
	}
}
