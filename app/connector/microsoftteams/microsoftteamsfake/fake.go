// Package microsoftteamsfake is a workflow with a webhook as the fact sheet describes it, in memory: it takes a card,
// answers 202 with nothing in it, and the card appears in the channel.
package microsoftteamsfake

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/omniposto/omniposto/app/connector/fake"
)

const (
	host      = "https://default0123.0a.environment.api.powerplatform.com"
	path      = "/powerautomate/automations/direct/workflows/canaryworkflow0123456789/triggers/manual/paths/invoke"
	signature = "canary-signature-0123456789abcdef"
	maxWire   = 28 << 10
	safeText  = 18_000 // words beyond leave no room for the rest; Teams itself only says "about 28 KB" for all
)

// Platform is Teams with one workflow.
type Platform struct{ fake.Base }

// New makes it.
func New(w fake.World) fake.Platform {
	p := &Platform{}
	p.Begin(w)
	p.Grant(signature)
	return p
}

// Accounts implements fake.Platform.
func (*Platform) Accounts() []fake.Account {
	return []fake.Account{{Way: "webhook", Fields: map[string]string{"address": host + path + "?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=" + signature, "name": "News"}}}
}

// ByHand implements fake.Platform.
func (p *Platform) ByHand(text string, files int) fake.Post {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	return p.Show(fake.Post{Text: text, Files: make([]fake.File, files)})
}

func refuse(w http.ResponseWriter, status int, code, words string) {
	fake.Answer(w, status, map[string]any{"error": map[string]string{"code": code, "message": words}})
}

type card struct {
	Type, Version string
	Body          []struct{ Type, Text, URL, AltText string }
	Actions       []struct{ Type, Title, URL string }
	MSTeams       struct{ Width string }
}

// ServeHTTP implements http.Handler.
func (p *Platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	var in struct {
		Type        string
		Attachments []struct {
			ContentType string
			Content     card
		}
	}
	switch {
	case r.URL.Path != path:
		refuse(w, http.StatusNotFound, "WorkflowNotFound", "The workflow could not be found.")
	case !p.Good(r.URL.Query().Get("sig")):
		refuse(w, http.StatusUnauthorized, "DirectApiAuthorizationRequired", "The request is not signed.")
	case len(raw) > maxWire:
		http.Error(w, "Request Entity too large", http.StatusRequestEntityTooLarge)
	case err != nil || r.Method != http.MethodPost || json.Unmarshal(raw, &in) != nil:
		refuse(w, http.StatusBadRequest, "InvalidRequestContent", "The request content is not valid.")
	case in.Type != "message" || len(in.Attachments) != 1 || in.Attachments[0].ContentType != "application/vnd.microsoft.card.adaptive" || in.Attachments[0].Content.Type != "AdaptiveCard":
		refuse(w, http.StatusBadRequest, "TriggerInputSchemaMismatch", "A card is expected.")
	default:
		p.show(w, in.Attachments[0].Content)
	}
}

func (p *Platform) show(w http.ResponseWriter, c card) {
	var words []string
	post := fake.Post{More: map[string]string{"version": c.Version, "width": c.MSTeams.Width, "actions": fmt.Sprint(c.Actions)}}
	for _, e := range c.Body {
		switch e.Type {
		case "TextBlock":
			words = append(words, e.Text)
			if len(strings.ReplaceAll(e.Text, "\n\n", "\n")) > safeText {
				http.Error(w, "Request Entity too large", http.StatusRequestEntityTooLarge)
				return
			}
		case "Image":
			post.Files = append(post.Files, fake.File{ID: e.URL, Alt: e.AltText})
		}
	}
	post.Text = strings.Join(words, "\n\n")
	p.Mu.Lock()
	defer p.Mu.Unlock()
	p.Show(post)
	w.WriteHeader(http.StatusAccepted)
}

var _ fake.Platform = (*Platform)(nil)
