package microsoftteams

import (
	"context"
	"net/url"
	"regexp"
	"strings"

	"github.com/omniposto/omniposto/app/connector"
)

// Publish implements connector.Publisher: the pictures' addresses, then one card. The answer 202 is empty.
func (Connector) Publish(ctx context.Context, p *connector.Pass) (connector.Receipt, error) {
	files, err := connector.Each(ctx, p, "file", p.Draft.Media, func(ctx context.Context, c *connector.Call, m connector.Media) (string, error) {
		return c.Public(ctx, m)
	})
	if err != nil {
		return connector.Receipt{}, err
	}
	return connector.Commit(ctx, p, "card", func(ctx context.Context, c *connector.Call) (connector.Receipt, error) {
		c.Token.Extra["address"].Use(func(address string) {
			if u, err := url.Parse(address); err == nil {
				c.Hide(u.Query().Get("sig"))
			}
		})
		_, err := c.Send(ctx, connector.Request{Method: "POST", JSON: message(p.Draft, settingsForm.Of(p.Draft), files)})
		return connector.Receipt{}, err
	})
}

// message is a card in the envelope that the workflow's trigger takes.
func message(d *connector.Draft, s settings, files []string) map[string]any {
	return map[string]any{"type": "message", "attachments": []any{map[string]any{
		"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": nil, "content": card(d, s, files),
	}}}
}

// card is an Adaptive Card of version 1.4, which all of Teams' programs show.
func card(d *connector.Draft, s settings, files []string) map[string]any {
	body := []any{}
	if s.Title != "" {
		body = append(body, map[string]any{"type": "TextBlock", "text": s.Title, "size": "Large", "weight": "Bolder", "wrap": true})
	}
	if d.Text != "" {
		body = append(body, map[string]any{"type": "TextBlock", "text": lined(d.Text), "wrap": true})
	}
	for i, at := range files {
		if s.Images == "all" || s.Images == "first" && i == 0 {
			body = append(body, map[string]any{"type": "Image", "url": at, "altText": d.Media[i].Alt, "size": "Stretch"})
		}
	}
	out := map[string]any{"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4", "body": body}
	if s.LinkURL != "" {
		title := s.LinkTitle
		if title == "" {
			title = "Open"
		}
		out["actions"] = []any{map[string]any{"type": "Action.OpenUrl", "title": title, "url": s.LinkURL}}
	}
	if s.FullWidth {
		out["msteams"] = map[string]string{"width": "Full"}
	}
	return out
}

var item = regexp.MustCompile(`^\s*([-*+]|\d+[.)])\s`)

// lined keeps line ends, which a card only knows as paragraphs, and leaves lists together.
func lined(words string) string {
	lines := strings.Split(words, "\n")
	var b strings.Builder
	for i, line := range lines {
		if i > 0 {
			b.WriteByte('\n')
			if line != "" && lines[i-1] != "" && (!item.MatchString(line) || !item.MatchString(lines[i-1])) {
				b.WriteByte('\n')
			}
		}
		b.WriteString(line)
	}
	return b.String()
}
