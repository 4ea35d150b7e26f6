// Package googlebusinessprofilefake is Google Business Profile as the fact sheet describes it, in memory.
package googlebusinessprofilefake

import (
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/omniposto/omniposto/app/connector/fake"
)

// reviewTime is how long Google looks at a post.
const reviewTime = 40 * time.Second

// parent is the place of this fake that may post.
const parent = "accounts/1/locations/2"

// Platform is Google, as far as places are concerned.
type Platform struct {
	fake.Base
	*fake.Provider
	mux *http.ServeMux
}

// New makes Google with one place that may post among others that may not.
func New(w fake.World) fake.Platform {
	p := &Platform{mux: http.NewServeMux()}
	p.Base.Begin(w)
	p.Provider = &fake.Provider{
		Base: &p.Base, Client: fake.Client{ID: "77-abc.apps.googleusercontent.com", Secret: "GOCSPX-secret-canary"}, Renews: true, Life: time.Hour,
		Scopes: "https://www.googleapis.com/auth/business.manage",
	}
	p.mux.HandleFunc("GET /o/oauth2/v2/auth", func(w http.ResponseWriter, r *http.Request) {
		if q := r.URL.Query(); q.Get("access_type") != "offline" || q.Get("prompt") != "consent" {
			http.Error(w, "no refresh token would be given", http.StatusBadRequest)
			return
		}
		p.Authorize(w, r)
	})
	p.mux.HandleFunc("POST /token", p.Token)
	p.mux.HandleFunc("POST /revoke", p.Revoke)
	for pattern, h := range map[string]http.HandlerFunc{
		"GET /v1/accounts":                                        p.accounts,
		"GET /v1/accounts/{account}/locations":                    p.locations,
		"GET /v1/locations/{location}":                            p.location,
		"POST /v4/accounts/{a}/locations/{l}/localPosts":          p.post,
		"GET /v4/accounts/{a}/locations/{l}/localPosts":           p.list,
		"GET /v4/accounts/{a}/locations/{l}/localPosts/{post}":    p.get,
		"PATCH /v4/accounts/{a}/locations/{l}/localPosts/{post}":  p.edit,
		"DELETE /v4/accounts/{a}/locations/{l}/localPosts/{post}": p.remove,
	} {
		p.mux.HandleFunc(pattern, p.Signed(func(w http.ResponseWriter) {
			refuse(w, http.StatusUnauthorized, "UNAUTHENTICATED", "Request had invalid authentication credentials.", "", "")
		}, h))
	}
	return p
}

// ServeHTTP implements http.Handler.
func (p *Platform) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.mux.ServeHTTP(w, r) }

// Accounts implements fake.Platform.
func (*Platform) Accounts() []fake.Account { return []fake.Account{{Way: "oauth"}} }

// ByHand implements fake.Platform.
func (p *Platform) ByHand(text string, files int) fake.Post {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	return p.show(newPost{Summary: text, Topic: "STANDARD", Language: "en"}, files)
}

func refuse(w http.ResponseWriter, code int, status, words, field, detail string) {
	e := map[string]any{"code": code, "message": words, "status": status}
	if detail != "" {
		e["details"] = []any{map[string]any{
			"@type":        "type.googleapis.com/google.mybusiness.v4.ValidationError",
			"errorDetails": []any{map[string]any{"code": 3, "field": field, "message": detail}},
		}}
	}
	fake.Answer(w, code, map[string]any{"error": e})
}

func invalid(w http.ResponseWriter, field, detail string) {
	refuse(w, http.StatusBadRequest, "INVALID_ARGUMENT", "Request contains an invalid argument.", field, detail)
}

// accounts come in pages of one, so that a page token must be followed.
func (p *Platform) accounts(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("pageToken") == "" {
		fake.Answer(w, http.StatusOK, map[string]any{"accounts": []any{map[string]string{"name": "accounts/1", "accountName": "Me", "type": "PERSONAL"}}, "nextPageToken": "two"})
		return
	}
	fake.Answer(w, http.StatusOK, map[string]any{"accounts": []any{map[string]string{"name": "accounts/9", "accountName": "A group", "type": "LOCATION_GROUP"}}})
}

func bakery() map[string]any {
	return map[string]any{
		"name": "locations/2", "title": "The bakery", "storefrontAddress": map[string]any{"addressLines": []string{"Main Street 1"}, "locality": "Ulm"},
		"metadata": map[string]any{"placeId": "ChIJ2", "mapsUri": "https://maps.google.com/maps?cid=2", "canOperateLocalPost": true, "hasVoiceOfMerchant": true},
	}
}

func (p *Platform) locations(w http.ResponseWriter, r *http.Request) {
	switch {
	case !strings.Contains(r.URL.Query().Get("readMask"), "metadata"):
		invalid(w, "read_mask", "Field is required")
	case r.PathValue("account") == "9":
		fake.Answer(w, http.StatusOK, map[string]any{"locations": []any{bakery()}}) // the same place, seen from the group
	default:
		hotel := map[string]any{"name": "locations/3", "title": "A hotel", "metadata": map[string]any{"hasVoiceOfMerchant": true}}
		fake.Answer(w, http.StatusOK, map[string]any{"locations": []any{hotel, bakery()}})
	}
}

func (p *Platform) location(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.PathValue("location") != "2":
		refuse(w, http.StatusNotFound, "NOT_FOUND", "Requested entity was not found.", "", "")
	case r.URL.Query().Get("readMask") == "":
		invalid(w, "read_mask", "Field is required")
	default:
		fake.Answer(w, http.StatusOK, bakery())
	}
}

type day struct{ Year, Month, Day int }

type hour struct{ Hours, Minutes *int }

type newPost struct {
	Language string `json:"languageCode"`
	Summary  string `json:"summary"`
	Topic    string `json:"topicType"`
	Button   *struct {
		Type string `json:"actionType"`
		URL  string `json:"url"`
	} `json:"callToAction"`
	Media []struct {
		Format string `json:"mediaFormat"`
		Source string `json:"sourceUrl"`
	} `json:"media"`
	Event *struct {
		Title    string `json:"title"`
		Schedule struct {
			StartDate, EndDate *day
			StartTime, EndTime *hour
		} `json:"schedule"`
	} `json:"event"`
	Offer *struct {
		Coupon string `json:"couponCode"`
		Redeem string `json:"redeemOnlineUrl"`
		Terms  string `json:"termsConditions"`
	} `json:"offer"`
}

// judge says which field is wrong, and why.
func judge(in newPost) (field, words string) {
	b := in.Button
	switch {
	case utf8.RuneCountInString(in.Summary) > 1500:
		return "summary", "Must be at most 1500 characters."
	case in.Topic == "STANDARD" && in.Summary == "":
		return "summary", "Field is required."
	case len(in.Media) > 1:
		return "media", "At most one."
	case in.Topic == "OFFER" && b != nil:
		return "call_to_action", "Not for offers."
	case b != nil && b.Type == "CALL" && b.URL != "":
		return "call_to_action.url", "Must not be set."
	case b != nil && b.Type != "CALL" && b.URL == "":
		return "call_to_action.url", "Field is required."
	case b != nil && !strings.Contains(" BOOK ORDER SHOP LEARN_MORE SIGN_UP CALL ", " "+b.Type+" "):
		return "call_to_action.action_type", "Unknown."
	case in.Topic == "STANDARD" && (in.Event != nil || in.Offer != nil):
		return "event", "Not for this topic."
	case in.Topic == "STANDARD":
		return "", ""
	case in.Topic != "EVENT" && in.Topic != "OFFER":
		return "topic_type", "Unknown."
	case in.Event == nil || in.Event.Title == "":
		return "event.title", "Field is required."
	case utf8.RuneCountInString(in.Event.Title) > 58:
		return "event.title", "Must be at most 58 characters."
	case in.Event.Schedule.StartDate == nil || in.Event.Schedule.StartTime == nil || in.Event.Schedule.EndDate == nil || in.Event.Schedule.EndTime == nil:
		return "event.schedule", "All four are required."
	case in.Event.Schedule.StartDate.Year < 2000:
		return "event.schedule.start_date", "Out of range."
	case (in.Topic == "OFFER") != (in.Offer != nil):
		return "offer", "It belongs to offers."
	}
	return "", ""
}

// show makes a post visible; callers hold Mu.
func (p *Platform) show(in newPost, files int) fake.Post {
	post := fake.Post{ID: parent + "/localPosts/" + strconv.Itoa(7000+p.Serial()), Text: in.Summary, More: map[string]string{"topic": in.Topic, "language": in.Language}}
	if in.Button != nil {
		post.More["button"], post.More["url"] = in.Button.Type, in.Button.URL
	}
	if e := in.Event; e != nil {
		s := e.Schedule
		post.More["title"] = e.Title
		post.More["start"] = at(s.StartDate, s.StartTime)
		post.More["end"] = at(s.EndDate, s.EndTime)
	}
	if in.Offer != nil {
		post.More["coupon"], post.More["redeem"], post.More["terms"] = in.Offer.Coupon, in.Offer.Redeem, in.Offer.Terms
	}
	for _, m := range in.Media {
		post.Files = append(post.Files, fake.File{ID: m.Source})
	}
	for range files {
		post.Files = append(post.Files, *p.Keep(fake.File{Used: true}))
	}
	return p.Show(post)
}

func at(d *day, h *hour) string {
	if d == nil || h == nil || h.Hours == nil {
		return ""
	}
	return time.Date(d.Year, time.Month(d.Month), d.Day, *h.Hours, *h.Minutes, 0, 0, time.UTC).Format("2006-01-02 15:04")
}

func (p *Platform) post(w http.ResponseWriter, r *http.Request) {
	var in newPost
	if !fake.Read(r, &in) {
		invalid(w, "", "No JSON.")
		return
	}
	if r.PathValue("a") != "1" || r.PathValue("l") != "2" {
		refuse(w, http.StatusNotFound, "NOT_FOUND", "Requested entity was not found.", "", "")
		return
	}
	if field, words := judge(in); words != "" {
		invalid(w, field, words)
		return
	}
	for _, m := range in.Media {
		if m.Format == "VIDEO" {
			refuse(w, http.StatusInternalServerError, "INTERNAL", "Internal error encountered.", "", "")
			return
		}
		if !strings.HasPrefix(m.Source, "http") {
			invalid(w, "media.source_url", "PHOTO_FETCH_FAILED")
			return
		}
	}
	p.Mu.Lock()
	defer p.Mu.Unlock()
	fake.Answer(w, http.StatusOK, p.shown(p.show(in, 0)))
}

// shown is a post as the API gives it. Words with a telephone number don't survive the review.
func (p *Platform) shown(post fake.Post) map[string]any {
	state := "PROCESSING"
	if !p.Now().Before(post.At.Add(reviewTime)) {
		state = "LIVE"
		if strings.Contains(post.Text, "555-0100") {
			state = "REJECTED"
		}
	}
	out := map[string]any{
		"name": post.ID, "languageCode": post.More["language"], "summary": post.Text, "topicType": post.More["topic"], "state": state,
		"createTime": post.At.UTC().Format(time.RFC3339Nano), "updateTime": post.At.UTC().Format(time.RFC3339Nano),
	}
	if state == "LIVE" {
		out["searchUrl"] = "https://local.google.com/place?id=2&use=posts&lpsid=" + post.ID[strings.LastIndexByte(post.ID, '/')+1:]
	}
	if b := post.More["button"]; b != "" {
		out["callToAction"] = map[string]string{"actionType": b, "url": post.More["url"]}
	}
	if t := post.More["title"]; t != "" {
		out["event"] = map[string]any{"title": t}
	}
	return out
}

// list leaves out an empty list, as Google's services do.
func (p *Platform) list(w http.ResponseWriter, r *http.Request) {
	n, _ := strconv.Atoi(r.URL.Query().Get("pageSize"))
	if n == 0 {
		n = 20
	}
	p.Mu.Lock()
	defer p.Mu.Unlock()
	out := map[string]any{}
	var list []any
	for _, post := range p.Newest(min(n, 100)) {
		list = append(list, p.shown(post))
	}
	if len(list) > 0 {
		out["localPosts"] = list
	}
	fake.Answer(w, http.StatusOK, out)
}

func (p *Platform) one(w http.ResponseWriter, r *http.Request, do func(fake.Post)) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	post, ok := p.Find(parent + "/localPosts/" + r.PathValue("post"))
	if !ok {
		refuse(w, http.StatusNotFound, "NOT_FOUND", "Requested entity was not found.", "", "")
		return
	}
	do(post)
}

func (p *Platform) get(w http.ResponseWriter, r *http.Request) {
	p.one(w, r, func(post fake.Post) { fake.Answer(w, http.StatusOK, p.shown(post)) })
}

func (p *Platform) edit(w http.ResponseWriter, r *http.Request) {
	var in newPost
	fake.Read(r, &in)
	mask := "," + r.URL.Query().Get("updateMask") + ","
	p.one(w, r, func(post fake.Post) {
		if mask == ",," || strings.Contains(mask, ",media,") || in.Topic != "" {
			invalid(w, "update_mask", "It can't be changed.")
			return
		}
		if strings.Contains(mask, ",summary,") {
			post.Text = in.Summary
		}
		if strings.Contains(mask, ",callToAction,") {
			delete(post.More, "button")
			delete(post.More, "url")
			if in.Button != nil {
				post.More["button"], post.More["url"] = in.Button.Type, in.Button.URL
			}
		}
		if strings.Contains(mask, ",event,") && in.Event != nil {
			post.More["title"] = in.Event.Title
		}
		p.Change(post)
		fake.Answer(w, http.StatusOK, p.shown(post))
	})
}

func (p *Platform) remove(w http.ResponseWriter, r *http.Request) {
	p.one(w, r, func(post fake.Post) { p.Drop(post.ID); fake.Answer(w, http.StatusOK, map[string]any{}) })
}

var _ fake.Registered = (*Platform)(nil)
