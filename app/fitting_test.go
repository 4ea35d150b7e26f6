package app

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/fake"
)

// enterApps enters, as the administrator, the apps that the platforms know.
func (w *world) enterApps(all map[string]*platform) {
	w.t.Helper()
	if w.apps {
		return
	}
	w.apps = true
	if w.owner.totp == "" {
		w.owner.enrol()
	}
	for id, p := range all {
		if r, ok := p.Platform.(fake.Registered); ok {
			fields := map[string]string{"id": r.Owner().ID}
			if r.Owner().Secret != "" {
				fields["secret"] = r.Owner().Secret
			}
			maps.Copy(fields, r.Owner().Extra)
			w.owner.must(200, "PUT", "/instance/platforms/"+id, map[string]any{"fields": fields})
		}
	}
}

// connectBy connects one account of a platform: by its fields, or as a browser does that signs in there and chooses all
// that is offered. It gives the ids of the channels; none where another way led to the same place before.
func (w *world) connectBy(ws, platform string, account fake.Account) []string {
	w.t.Helper()
	pub, _ := w.app.parts.channels.Platform(platform)
	way, ok := pub.Spec().Way(account.Way)
	if !ok {
		w.t.Fatalf("%s has no way %q", platform, account.Way)
	}
	at := "/workspaces/" + ws + "/channels"
	fields := account.Fields
	if fields == nil {
		fields = map[string]string{}
	}
	if !way.SignsIn() {
		a := w.owner.send("POST", at, map[string]any{"platform": platform, "way": account.Way, "fields": fields})
		if a.code() == "choose_target" {
			return w.chooseAll(ws, a.text("arrival"))
		}
		if a.code() == "channel_there" {
			return nil
		}
		if a.status != 201 {
			w.t.Fatalf("connecting %s by %s: %d %s", platform, account.Way, a.status, a.raw)
		}
		return []string{a.text("id")}
	}
	a := w.owner.must(200, "POST", at+"/authorize", map[string]any{"platform": platform, "way": account.Way, "fields": fields})
	end := landed(w.owner.must(303, "GET", "root:"+w.abroad(a.text("authorize_url")), nil, "Sec-Fetch-Site", "cross-site"))
	if _, id, ok := strings.Cut(end, "#connected="); ok {
		return []string{id}
	}
	if strings.Contains(end, "connected in this workspace already") {
		return nil
	}
	_, arrival, ok := strings.Cut(end, "#choose=")
	if !ok {
		w.t.Fatalf("signing in at %s ended on %s", platform, end)
	}
	return w.chooseAll(ws, arrival)
}

// abroad goes where a sign-in sends the browser, agrees there, and gives the path that leads back.
func (w *world) abroad(address string) string {
	w.t.Helper()
	direct := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	r, err := direct.Get(address)
	if err != nil {
		w.t.Fatal(err)
	}
	_ = r.Body.Close()
	back, ok := strings.CutPrefix(r.Header.Get("Location"), w.base)
	if u, err := url.Parse(back); err != nil || !ok || !strings.HasPrefix(u.Path, "/connect/") {
		w.t.Fatalf("the platform answers %d and sends back to %q", r.StatusCode, r.Header.Get("Location"))
	}
	return back
}

func (w *world) chooseAll(ws, arrival string) (out []string) {
	w.t.Helper()
	at := "/workspaces/" + ws + "/channels/choose"
	offered := w.owner.must(200, "GET", at+"/"+arrival, nil)
	var targets []string
	for i := range offered.get("items").([]any) {
		targets = append(targets, offered.text(fmt.Sprintf("items.%d.target", i)))
	}
	made := w.owner.must(200, "POST", at, map[string]any{"arrival": arrival, "targets": targets})
	for i := range made.get("items").([]any) {
		out = append(out, made.text(fmt.Sprintf("items.%d.id", i)))
	}
	return out
}

// fitting gives each channel what its platform insists on, so that one post can go to all of them.
func (w *world) fitting(ws string, channels map[string]string) map[string]any {
	w.t.Helper()
	out := map[string]any{}
	for id, platform := range channels {
		pub, _ := w.app.parts.channels.Platform(platform)
		view := w.owner.must(200, "GET", "/workspaces/"+ws+"/channels/"+id, nil)
		kinds := kindsOf(pub.Spec(), view.text("way"))
		kind := kinds[0] // the first that takes words alone, where one does
		if i := slices.IndexFunc(kinds, func(k connector.Kind) bool { return k.MinMedia.Value == 0 && k.Text.Count != "" }); i >= 0 {
			kind = kinds[i]
		}
		values, variant := map[string]any{}, map[string]any{}
		for _, f := range pub.Spec().Settings {
			if f.Must && f.Default == nil && f.When == nil && f.IfFact == "" && (f.Kinds == nil || slices.Contains(f.Kinds, kind.ID)) {
				values[f.Name] = w.valueFor(ws, id, f, nil)
			}
		}
		if len(values) > 0 {
			variant["settings"] = values
		}
		if !slices.ContainsFunc(kinds, takesFiles) { // or shows them only after longer than a test takes
			variant["media"] = []any{}
		}
		if kind.MinMedia.Value > 0 {
			variant["media"] = []map[string]any{{"asset": w.assetFor(ws, kind)}}
		}
		if len(variant) > 0 {
			out[id] = variant
		}
	}
	return out
}

// takesFiles says whether the kind sends files along. One that fetches them itself can't reach a server without a name.
func takesFiles(k connector.Kind) bool {
	fetches := slices.ContainsFunc(k.Media, func(r connector.MediaRule) bool { return r.ByURL })
	return k.MaxMedia.Value != 0 && len(k.Media) > 0 && !fetches && k.Once.Settle < 5*time.Minute
}

// takesFiles says whether one of the platform's channels is of a way that sends files along.
func (w *world) takesFiles(platform string, channels map[string]string) bool {
	pub, _ := w.app.parts.channels.Platform(platform)
	for id, of := range channels {
		if of != platform {
			continue
		}
		way := w.owner.must(200, "GET", w.path("/channels/"+id), nil).text("way")
		for _, k := range kindsOf(pub.Spec(), way) {
			if takesFiles(k) {
				return true
			}
		}
	}
	return false
}

// assetFor uploads a file that the kind takes: a picture where it may be one, or else a film.
func (w *world) assetFor(ws string, kind connector.Kind) string {
	w.t.Helper()
	name, content := "square.png", squarePNG(w.t)
	if !slices.ContainsFunc(kind.Media, func(r connector.MediaRule) bool { return r.Type == connector.Image }) {
		raw, err := os.ReadFile("media/testdata/place.mp4")
		if err != nil {
			w.t.Fatal(err)
		}
		name, content = "place.mp4", raw
	}
	a := w.owner.uploadTo(ws, name, content)
	if a.status != 201 {
		w.t.Fatalf("the file for %s: %d %s", kind.ID, a.status, a.raw)
	}
	id := a.text("id")
	w.eventually("the file to be ready", func() bool {
		return w.owner.must(200, "GET", "/workspaces/"+ws+"/media/"+id, nil).text("state") == "ready"
	})
	return id
}

// kindsOf are the kinds of post that a way can make, the first preferred.
func kindsOf(spec *connector.Spec, way string) (out []connector.Kind) {
	for _, k := range spec.Kinds {
		if (k.Via == nil || slices.Contains(k.Via, way)) && (k.Roles == nil || slices.Contains(k.Roles, connector.Post)) {
			out = append(out, k)
		}
	}
	return out
}

// valueFor is some value that a setting takes, asked of the platform where only it knows.
func (w *world) valueFor(ws, channel string, f connector.Field, siblings map[string]any) any {
	w.t.Helper()
	switch f.Kind {
	case connector.FieldNumber:
		return f.Min
	case connector.FieldFlag:
		return false
	case connector.FieldChoice:
		return f.Options[0].ID
	case connector.FieldURL:
		return "https://example.com/a"
	case connector.FieldDateTime:
		return w.app.Clock.Now().Format("2006-01-02T15:04:05Z07:00")
	case connector.FieldColor:
		return "#1d9bf0"
	case connector.FieldWords:
		return []string{"word"}
	case connector.FieldLookup:
		query := url.Values{"what": {f.Lookup}}
		for name, value := range siblings {
			if o, ok := value.(connector.Option); ok {
				query.Add("with", name+"="+o.ID)
			}
		}
		found := w.owner.must(200, "GET", "/workspaces/"+ws+"/channels/"+channel+"/lookup?"+query.Encode(), nil)
		option := connector.Option{ID: found.text("items.0.id"), Label: found.text("items.0.label")}
		if option.ID == "" {
			w.t.Fatalf("the look-up %s gives nothing: %s", f.Lookup, found.raw)
		}
		if f.Max > 1 {
			return []any{option}
		}
		return option
	case connector.FieldList:
		entry := map[string]any{}
		for _, inner := range f.Items {
			if inner.Must && inner.Default == nil && inner.When == nil {
				entry[inner.Name] = w.valueFor(ws, channel, inner, entry)
			}
		}
		return []any{entry}
	}
	if f.Example != "" {
		return f.Example // what a connector's own rules want to see
	}
	return strings.Repeat("t", int(max(f.Min, 5)))
}

// troubles says what stops a post, channel by channel.
func troubles(a answer, channels map[string]string) string {
	var problem struct {
		Errors []struct{ Pointer, Message string } `json:"errors"`
	}
	_ = json.Unmarshal([]byte(a.raw), &problem)
	var out []string
	for _, e := range problem.Errors {
		for id, platform := range channels {
			e.Pointer = strings.ReplaceAll(e.Pointer, id, platform)
		}
		out = append(out, e.Pointer+": "+e.Message)
	}
	return strings.Join(out, "\n")
}
