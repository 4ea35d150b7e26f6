package nostr

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/omniposto/omniposto/app/connector"
)

// Look implements connector.Looker: whether a relay has the event that was signed.
func (Connector) Look(ctx context.Context, c *connector.Call, p *connector.Pass) (connector.Sight, error) {
	signed, ok := connector.Peek[event](p, "sign")
	if !ok {
		return connector.Sight{Absent: true}, nil
	}
	found, err := ask(ctx, c, map[string]any{"ids": []string{signed.ID}})
	if err != nil {
		return connector.Sight{}, err
	}
	if len(found) == 0 || settingsForm.Of(p.Draft).Enough > 1 {
		return connector.Sight{Absent: true}, nil // sending it again makes it no second one
	}
	r := signed.receipt(p.Draft.Channel)
	return connector.Sight{Found: &r}, nil
}

// Delete implements connector.Deleter: a request that relays may ignore. NIP-09.
func (Connector) Delete(ctx context.Context, c *connector.Call, r connector.Receipt) error {
	tags := [][]string{{"e", r.ID}, {"k", r.More["kind"]}}
	if address := r.More["address"]; address != "" {
		tags = append(tags, []string{"a", address})
	}
	e, err := sign(ctx, c, event{Kind: deleteKind, CreatedAt: c.Now.Unix(), Tags: tags})
	if err != nil {
		return err
	}
	return send(ctx, c, e, 1)
}

// Replies implements connector.Reader: notes and comments under an event.
func (Connector) Replies(ctx context.Context, c *connector.Call, r connector.Receipt, after string) ([]connector.Answer, string, error) {
	filter := map[string]any{"kinds": []int{noteKind, commentKind}, "#e": []string{r.ID}, "limit": 200}
	if since, err := strconv.ParseInt(after, 10, 64); err == nil {
		filter["since"] = since
	}
	list, err := ask(ctx, c, filter)
	if err != nil {
		return nil, "", err
	}
	slices.Reverse(list)
	var out []connector.Answer
	for _, e := range list {
		out = append(out, connector.Answer{
			ID: e.ID, Author: npub(e.Author)[:16], Handle: npub(e.Author), Text: e.Content, URL: "https://njump.me/" + e.name(""), Parent: parentOf(&e), At: time.Unix(e.CreatedAt, 0).UTC(),
		})
	}
	return out, "", nil
}

// parentOf is what an event stands under: the one marked as such, else the last that it names.
func parentOf(e *event) string {
	last := ""
	for _, t := range e.Tags {
		if len(t) > 1 && t[0] == "e" {
			last = t[1]
			if len(t) > 3 && t[3] == "reply" {
				return last
			}
		}
	}
	return last
}

// Measure implements connector.Measurer: it counts what the channel's relays have, up to 1,000.
func (Connector) Measure(ctx context.Context, c *connector.Call, list []connector.Receipt) ([]connector.Figures, error) {
	var out []connector.Figures
	for _, r := range list {
		found, err := ask(ctx, c, map[string]any{"kinds": []int{noteKind, commentKind, repostKind, 16, likeKind, zapKind}, "#e": []string{r.ID}, "limit": 1000})
		if err != nil {
			return out, err
		}
		counts := map[string]int64{"likes": 0, "reposts": 0, "replies": 0, "zaps": 0}
		for _, e := range found {
			counts[map[int]string{noteKind: "replies", commentKind: "replies", repostKind: "reposts", 16: "reposts", likeKind: "likes", zapKind: "zaps"}[e.Kind]]++
		}
		out = append(out, connector.Figures{ID: r.ID, At: c.Now, Counts: counts})
	}
	return out, nil
}
