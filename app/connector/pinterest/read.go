package pinterest

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

// List implements connector.Lister: the account's pins, newest first.
func (Connector) List(ctx context.Context, c *connector.Call) ([]connector.Seen, error) {
	var out struct {
		Items []made `json:"items"`
	}
	if _, err := c.Send(ctx, connector.Request{Path: "/v5/pins", Query: url.Values{"page_size": {"50"}, "include_protected_pins": {"true"}}, Into: &out}); err != nil {
		return nil, err
	}
	if out.Items == nil {
		return nil, connector.Unreadable()
	}
	seen := make([]connector.Seen, len(out.Items))
	for i, m := range out.Items {
		seen[i] = connector.Seen{Receipt: m.receipt(), Sign: sign(m.Board, m.Title, m.Description, m.Link)}
	}
	return seen, nil
}

// Sign implements connector.Lister.
func (Connector) Sign(p *connector.Pass) string {
	s := settingsForm.Of(p.Draft)
	return sign(s.Board.ID, s.Title, p.Draft.Text, s.Link)
}

func sign(board, title, description, link string) string {
	return board + " / " + text.Folded(title) + " / " + text.Folded(description) + " / " + strings.TrimSuffix(link, "/")
}

// Lookup implements connector.Lookuper: boards, and the sections of one.
func (Connector) Lookup(ctx context.Context, c *connector.Call, what, query string, siblings map[string]string) ([]connector.Option, error) {
	at := "/v5/boards"
	if what == "sections" {
		if !digits.MatchString(siblings["board"]) {
			return nil, nil
		}
		at += "/" + siblings["board"] + "/sections"
	}
	var found []connector.Option
	for page, bookmark := 0, ""; page < 4; page++ {
		q := url.Values{"page_size": {"250"}}
		if bookmark != "" {
			q.Set("bookmark", bookmark)
		}
		var out struct {
			Items []struct {
				ID      string `json:"id"`
				Name    string `json:"name"`
				Privacy string `json:"privacy"`
			} `json:"items"`
			Bookmark string `json:"bookmark"`
		}
		if _, err := c.Send(ctx, connector.Request{Path: at, Query: q, Into: &out}); err != nil {
			return nil, err
		}
		for _, i := range out.Items {
			if strings.Contains(strings.ToLower(i.Name), strings.ToLower(strings.TrimSpace(query))) {
				found = append(found, connector.Option{ID: i.ID, Label: i.Name, Help: strings.ToLower(i.Privacy)})
			}
		}
		if bookmark = out.Bookmark; bookmark == "" {
			break
		}
	}
	return found, nil
}

// Edit implements connector.Editor: everything but the picture.
func (Connector) Edit(ctx context.Context, c *connector.Call, r connector.Receipt, d *connector.Draft) (connector.Receipt, error) {
	change := pin(d, settingsForm.Of(d))
	delete(change, "dominant_color")
	_, err := c.Send(ctx, connector.Request{Method: "PATCH", Path: "/v5/pins/" + r.ID, JSON: change})
	return r, err
}

// Delete implements connector.Deleter.
func (Connector) Delete(ctx context.Context, c *connector.Call, r connector.Receipt) error {
	if _, err := c.Send(ctx, connector.Request{Method: "DELETE", Path: "/v5/pins/" + r.ID}); err != nil && !gone(err) {
		return err
	}
	return nil
}

func gone(err error) bool {
	var f *connector.Failed
	return errors.As(err, &f) && f.Status == 404
}

// figureNames are Pinterest's names for figures, and ours.
var figureNames = map[string]string{
	"IMPRESSION": "views", "SAVE": "saves", "PIN_CLICK": "clicks", "OUTBOUND_CLICK": "link_clicks", "VIDEO_MRC_VIEW": "video_views", "TOTAL_COMMENTS": "replies", "TOTAL_REACTIONS": "likes",
}

// Measure implements connector.Measurer. Pinterest looks back 90 days at most, and tells business accounts alone.
func (Connector) Measure(ctx context.Context, c *connector.Call, list []connector.Receipt) ([]connector.Figures, error) {
	var out []connector.Figures
	for _, r := range list {
		from := c.Now.Add(-89 * 24 * time.Hour)
		if r.At.After(from) {
			from = r.At
		}
		var got struct {
			All struct {
				Summary  map[string]float64 `json:"summary_metrics"`
				Lifetime map[string]float64 `json:"lifetime_metrics"`
			} `json:"all"`
		}
		_, err := c.Send(ctx, connector.Request{
			Path: "/v5/pins/" + r.ID + "/analytics", Into: &got,
			Query: url.Values{
				"start_date": {from.Format(time.DateOnly)}, "end_date": {c.Now.Format(time.DateOnly)}, "app_types": {"ALL"},
				"metric_types": {"IMPRESSION,SAVE,PIN_CLICK,OUTBOUND_CLICK,VIDEO_MRC_VIEW,TOTAL_COMMENTS,TOTAL_REACTIONS"},
			},
		})
		if gone(err) {
			continue
		}
		if err != nil {
			return out, err
		}
		counts := map[string]int64{}
		for _, told := range []map[string]float64{got.All.Summary, got.All.Lifetime} { // what stands for the whole life wins
			for theirs, n := range told {
				if ours, ok := figureNames[theirs]; ok {
					counts[ours] = int64(n)
				}
			}
		}
		out = append(out, connector.Figures{ID: r.ID, At: c.Now, Counts: counts})
	}
	return out, nil
}
