package mastodon

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/connector"
)

type account struct {
	ID      string `json:"id"`
	Acct    string `json:"acct"`
	Display string `json:"display_name"`
	URL     string `json:"url"`
	Avatar  string `json:"avatar"`
	Source  struct {
		Privacy string `json:"privacy"`
	} `json:"source"`
}

func (a account) name() string {
	if a.Display != "" {
		return a.Display
	}
	return a.Acct
}

// instance is what a server tells of itself, in the shape of version 2 or 1.
type instance struct {
	Domain       string `json:"domain"`
	URI          string `json:"uri"` // version 1's domain
	Version      string `json:"version"`
	Source       string `json:"source_url"`
	MaxTootChars int64  `json:"max_toot_chars"`    // Pleroma and Friendica
	UploadLimit  int64  `json:"upload_limit"`      // Pleroma
	AltLimit     int64  `json:"description_limit"` // Pleroma
	PollLimits   struct {
		Options    int64 `json:"max_options"`
		Characters int64 `json:"max_option_chars"`
		Min        int64 `json:"min_expiration"`
		Max        int64 `json:"max_expiration"`
	} `json:"poll_limits"`
	Configuration struct {
		Statuses struct {
			MaxCharacters int64 `json:"max_characters"`
			MaxMedia      int64 `json:"max_media_attachments"`
			LinkReserve   int64 `json:"characters_reserved_per_url"`
		} `json:"statuses"`
		Media struct {
			MIME       []string `json:"supported_mime_types"`
			ImageBytes int64    `json:"image_size_limit"`
			ImageArea  int64    `json:"image_matrix_limit"`
			VideoBytes int64    `json:"video_size_limit"`
			VideoArea  int64    `json:"video_matrix_limit"`
			Alt        int64    `json:"description_limit"`
		} `json:"media_attachments"`
		Polls struct {
			Options    int64 `json:"max_options"`
			Characters int64 `json:"max_characters_per_option"`
			Min        int64 `json:"min_expiration"`
			Max        int64 `json:"max_expiration"`
		} `json:"polls"`
	} `json:"configuration"`
	Versions struct {
		Mastodon int64 `json:"mastodon"`
	} `json:"api_versions"`
}

// readInstance asks version 2 (Mastodon 4.0 and later), else version 1.
func readInstance(ctx context.Context, c *connector.Call) (instance, error) {
	var in instance
	_, err := c.Send(ctx, connector.Request{Path: "/api/v2/instance", NoAuth: true, Into: &in})
	var f *connector.Failed
	if errors.As(err, &f) && f.Status == 404 {
		_, err = c.Send(ctx, connector.Request{Path: "/api/v1/instance", NoAuth: true, Into: &in})
	}
	return in, err
}

func (in instance) host(c *connector.Call) string {
	for _, name := range []string{in.Domain, in.URI} {
		if name != "" && !strings.ContainsAny(name, "/ ") {
			return name
		}
	}
	if u, err := url.Parse(c.Channel.Fields["server"]); err == nil {
		return u.Host
	}
	return ""
}

// facts are only what the server told; the Spec has the defaults.
func (in instance) facts() connector.Facts {
	s, m, p, old := in.Configuration.Statuses, in.Configuration.Media, in.Configuration.Polls, in.PollLimits
	f := connector.Facts{}
	for name, v := range map[string]int64{
		FactCharacters: max(s.MaxCharacters, in.MaxTootChars), FactMedia: s.MaxMedia, FactLink: s.LinkReserve,
		FactImageBytes: max(m.ImageBytes, in.UploadLimit), FactImageArea: m.ImageArea, FactVideoBytes: max(m.VideoBytes, in.UploadLimit), FactVideoArea: m.VideoArea, FactAlt: max(m.Alt, in.AltLimit),
		FactOptions: max(p.Options, old.Options), FactOption: max(p.Characters, old.Characters), FactPollMin: max(p.Min, old.Min), FactPollMax: max(p.Max, old.Max), FactVersion: in.Versions.Mastodon,
	} {
		if v > 0 {
			f[name] = v
		}
	}
	if in.Versions.Mastodon >= 7 {
		f[FactQuotes] = 1
	}
	return f
}

func (in instance) mime() string { return strings.Join(in.Configuration.Media.MIME, " ") }

// attachment is an uploaded file. It is ready when it has an address.
type attachment struct {
	ID  string `json:"id"`
	URL string `json:"url"`
}

type status struct {
	ID        string    `json:"id"`
	URL       string    `json:"url"`
	URI       string    `json:"uri"`
	CreatedAt time.Time `json:"created_at"`
	Content   string    `json:"content"`
	Spoiler   string    `json:"spoiler_text"`
	Parent    string    `json:"in_reply_to_id"`
	Account   account   `json:"account"`
	Media     []struct {
		ID string `json:"id"`
	} `json:"media_attachments"`
	Replies    int64  `json:"replies_count"`
	Reblogs    int64  `json:"reblogs_count"`
	Favourites int64  `json:"favourites_count"`
	Quotes     *int64 `json:"quotes_count"`
}

func (s status) receipt() connector.Receipt {
	at := s.URL
	if at == "" {
		at = s.URI
	}
	return connector.Receipt{ID: s.ID, Permalink: at, At: s.CreatedAt}
}

// body is the JSON of a new or changed status.
func body(d *connector.Draft, s Settings, files []string) map[string]any {
	out := map[string]any{"status": d.Text, "sensitive": s.Sensitive}
	for name, v := range map[string]string{"spoiler_text": s.SpoilerText, "visibility": s.Visibility, "language": s.Language, "quote_approval_policy": s.QuotePolicy, "quoted_status_id": quotedID(s.Quoted), "content_type": s.ContentType} {
		if v != "" {
			out[name] = v
		}
	}
	for name, on := range map[string]bool{"local_only": s.LocalOnly, "comments_disabled": s.CommentsDisabled} {
		if on {
			out[name] = true
		}
	}
	if s.ExpiresIn > 0 {
		out["expires_in"] = s.ExpiresIn
	}
	if s.Title != "" {
		out["friendica"] = map[string]string{"title": s.Title}
	}
	if who := mayReply[s.ReplyPolicy]; who != nil {
		out["interaction_policy"] = map[string]any{"can_reply": map[string]any{"always": who, "with_approval": []string{}}}
	}
	if len(files) > 0 {
		out["media_ids"] = files
	}
	if d.Parent != nil && d.Role != connector.Post {
		out["in_reply_to_id"] = d.Parent.ID
	}
	if len(s.PollOptions) >= 2 {
		out["poll"] = map[string]any{"options": s.PollOptions, "expires_in": s.PollExpiresIn, "multiple": s.PollMultiple, "hide_totals": s.PollHideTotals}
	}
	return out
}

func focus(f *connector.Focus) string {
	return strconv.FormatFloat(f.X, 'f', 2, 64) + "," + strconv.FormatFloat(f.Y, 'f', 2, 64)
}
