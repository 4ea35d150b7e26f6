// Package listmonkfake is a listmonk server as the fact sheet describes it, in memory.
package listmonkfake

import (
	"fmt"
	"html"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/connector/fake"
)

const (
	server = "https://lists.example"
	user   = "posto"
	token  = "canary-listmonk-token-0123456789"
)

// Platform is the server.
type Platform struct {
	fake.Base
	campaigns []*campaign
}

type campaign struct {
	id      int
	in      input
	status  string
	started *time.Time
}

type input struct {
	Name        string   `json:"name"`
	Subject     string   `json:"subject"`
	Lists       []int    `json:"lists"`
	ContentType string   `json:"content_type"`
	Body        string   `json:"body"`
	AltBody     string   `json:"altbody"`
	From        string   `json:"from_email"`
	Template    int      `json:"template_id"`
	Messenger   string   `json:"messenger"`
	Tags        []string `json:"tags"`
	Media       []int    `json:"media"`
	Archive     bool     `json:"archive"`
	Slug        string   `json:"archive_slug"`
}

// New makes the server with one list.
func New(w fake.World) fake.Platform {
	p := &Platform{}
	p.Begin(w)
	p.Grant(token)
	return p
}

// Accounts implements fake.Platform.
func (*Platform) Accounts() []fake.Account {
	return []fake.Account{{Way: "token", Fields: map[string]string{"server": server, "username": user, "token": token}}}
}

// ByHand implements fake.Platform.
func (p *Platform) ByHand(text string, files int) fake.Post {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	m := &campaign{id: 10 + p.Serial(), in: input{Body: text}, status: "running"}
	p.campaigns = append(p.campaigns, m)
	return p.Show(fake.Post{ID: strconv.Itoa(m.id), Text: text, Files: make([]fake.File, files)})
}

// Start makes a draft by hand.
func (p *Platform) Start(subject, body string) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	p.campaigns = append(p.campaigns, &campaign{id: 10 + p.Serial(), in: input{Subject: subject, Body: body, Tags: []string{"mine"}}, status: "draft"})
}

// Campaigns is how many there are, drafts too.
func (p *Platform) Campaigns() int {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	return len(p.campaigns)
}

// Discard deletes all drafts by hand.
func (p *Platform) Discard() {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	p.campaigns = slices.DeleteFunc(p.campaigns, func(m *campaign) bool { return m.status == "draft" })
}

// SetAll gives all campaigns a state by hand.
func (p *Platform) SetAll(status string) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	for _, m := range p.campaigns {
		m.status = status
	}
}

func refuse(w http.ResponseWriter, status int, words string) {
	fake.Answer(w, status, map[string]string{"message": words})
}

func give(w http.ResponseWriter, v any) {
	fake.Answer(w, http.StatusOK, map[string]any{"data": v})
}

// ServeHTTP implements http.Handler.
func (p *Platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	route, ok := strings.CutPrefix(r.URL.Path, "/api/")
	if !ok {
		refuse(w, http.StatusNotFound, "Not Found")
		return
	}
	if name, secret, _ := r.BasicAuth(); name != user || !p.Good(secret) {
		refuse(w, http.StatusForbidden, "invalid API credentials")
		return
	}
	p.Mu.Lock()
	defer p.Mu.Unlock()
	parts := strings.Split(route, "/")
	switch {
	case route == "lists":
		give(w, map[string]any{"results": []any{map[string]any{"id": 3, "name": "Readers", "subscriber_count": 120}, map[string]any{"id": 4, "name": "Testers", "subscriber_count": 2}}, "total": 2})
	case route == "templates":
		give(w, []any{map[string]any{"id": 1, "name": "Default", "type": "campaign", "is_default": true}, map[string]any{"id": 2, "name": "Receipt", "type": "tx"}})
	case route == "media":
		p.upload(w, r)
	case route == "campaigns" && r.Method == http.MethodGet:
		p.list(w, r.URL.Query().Get("tag"))
	case route == "campaigns":
		p.create(w, r)
	case parts[0] == "campaigns" && len(parts) > 1:
		p.one(w, r, parts)
	default:
		refuse(w, http.StatusNotFound, "Not Found")
	}
}

func (p *Platform) upload(w http.ResponseWriter, r *http.Request) {
	_, files, _, err := fake.Parts(r)
	f, ok := files["file"]
	if err != nil || !ok {
		refuse(w, http.StatusBadRequest, "Invalid file")
		return
	}
	kept := p.Keep(f)
	id, _ := strconv.Atoi(kept.ID)
	give(w, map[string]any{"id": id, "uuid": "m-" + kept.ID, "filename": f.Name, "content_type": f.MIME, "url": server + "/uploads/" + kept.ID})
}

func (p *Platform) list(w http.ResponseWriter, tag string) {
	out := []any{}
	for _, m := range slices.Backward(p.campaigns) {
		if tag == "" || slices.Contains(m.in.Tags, tag) {
			out = append(out, m.answer())
		}
	}
	give(w, map[string]any{"results": out, "total": len(out)})
}

func (m *campaign) uuid() string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", m.id) }

func (m *campaign) answer() map[string]any {
	out := map[string]any{
		"id": m.id, "uuid": m.uuid(), "status": m.status, "tags": m.in.Tags, "archive": m.in.Archive, "archive_slug": nil, "started_at": m.started,
		"views": 30, "clicks": 9, "bounces": 1, "to_send": 120, "sent": 119,
	}
	if m.in.Slug != "" {
		out["archive_slug"] = m.in.Slug
	}
	return out
}

// expressions are what the template language would read.
var expressions = regexp.MustCompile(`\{\{\s*(.*?)\s*\}\}`)

// rendered is a text as a reader gets it; words say what can't be compiled.
func rendered(s string) (out, words string) {
	out = expressions.ReplaceAllStringFunc(s, func(e string) string {
		switch inside := expressions.FindStringSubmatch(e)[1]; inside {
		case `"{{"`:
			return "\x00"
		case ".Subscriber.Name":
			return "Ada Reader"
		default:
			words = "Error compiling campaign body: function " + strconv.Quote(inside) + " not defined"
			return e
		}
	})
	if strings.Contains(out, "{{") && words == "" {
		words = "Error compiling campaign body: unclosed action"
	}
	return strings.ReplaceAll(out, "\x00", "{{"), words
}

func (p *Platform) create(w http.ResponseWriter, r *http.Request) {
	var in input
	if !fake.Read(r, &in) {
		refuse(w, http.StatusBadRequest, "Invalid JSON")
		return
	}
	known := slices.DeleteFunc(slices.Clone(in.Lists), func(id int) bool { return id != 3 && id != 4 })
	_, words := rendered(in.Body)
	if _, other := rendered(in.Subject); words == "" {
		words = other
	}
	switch {
	case in.Name == "" || len(in.Name) > 2000*4:
		words = "Invalid length for name."
	case in.Subject == "" || len([]rune(in.Subject)) > 5000:
		words = "Invalid length for subject."
	case len(known) == 0:
		words = "Invalid list IDs."
	case in.Messenger != "email":
		words = "Unknown messenger"
	}
	if words != "" {
		refuse(w, http.StatusBadRequest, words)
		return
	}
	m := &campaign{id: 10 + p.Serial(), in: in, status: "draft"}
	p.campaigns = append(p.campaigns, m)
	give(w, m.answer())
}

func (p *Platform) one(w http.ResponseWriter, r *http.Request, parts []string) {
	i := slices.IndexFunc(p.campaigns, func(m *campaign) bool { return strconv.Itoa(m.id) == parts[1] })
	if i < 0 {
		refuse(w, http.StatusBadRequest, "Campaign not found")
		return
	}
	m := p.campaigns[i]
	switch {
	case r.Method == http.MethodGet && len(parts) == 2:
		give(w, m.answer())
	case r.Method == http.MethodDelete:
		p.campaigns = slices.Delete(p.campaigns, i, i+1)
		p.Drop(strconv.Itoa(m.id))
		give(w, true)
	case r.Method == http.MethodPut && len(parts) == 3 && parts[2] == "status":
		p.set(w, r, m)
	default:
		refuse(w, http.StatusNotFound, "Not Found")
	}
}

func (p *Platform) set(w http.ResponseWriter, r *http.Request, m *campaign) {
	var in struct {
		Status string `json:"status"`
	}
	fake.Read(r, &in)
	switch {
	case in.Status == "running" && m.status != "draft" && m.status != "paused":
		refuse(w, http.StatusBadRequest, "Only paused campaigns and drafts can be started.")
		return
	case in.Status == "cancelled" && m.status != "running" && m.status != "paused":
		refuse(w, http.StatusBadRequest, "Only active campaigns can be cancelled.")
		return
	}
	m.status = in.Status
	if in.Status == "running" {
		now := p.Now()
		m.started = &now
		p.mail(m)
	}
	give(w, m.answer())
}

var (
	tags  = regexp.MustCompile(`<[^>]*>`)
	files = regexp.MustCompile(`(?:(?:src|href)="|: )` + server + `/uploads/(\d+)(?:" alt="([^"]*)")?`)
)

// mail shows the campaign as a reader gets it.
func (p *Platform) mail(m *campaign) {
	body, _ := rendered(m.in.Body)
	subject, _ := rendered(m.in.Subject)
	words := body
	if m.in.ContentType != "plain" {
		words = html.UnescapeString(tags.ReplaceAllString(body, ""))
	}
	post := fake.Post{ID: strconv.Itoa(m.id), Text: words, More: map[string]string{
		"subject": subject, "body": body, "altbody": m.in.AltBody, "all": fmt.Sprintf("lists:%v from:%s template:%d tags:%v name:%s type:%s attached:%d", m.in.Lists, m.in.From, m.in.Template, m.in.Tags, m.in.Name, m.in.ContentType, len(m.in.Media)),
	}}
	for _, found := range files.FindAllStringSubmatch(body, -1) {
		if f, ok := p.File(found[1]); ok {
			copied := *f
			copied.Alt = html.UnescapeString(found[2])
			post.Files = append(post.Files, copied)
		}
	}
	for _, id := range m.in.Media {
		if f, ok := p.File(strconv.Itoa(id)); ok {
			post.Files = append(post.Files, *f)
		}
	}
	p.Show(post)
}

var _ fake.Platform = (*Platform)(nil)
