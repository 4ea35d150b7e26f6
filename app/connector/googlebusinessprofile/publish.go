package googlebusinessprofile

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

// date and clock are how Google writes a local time.
type date struct {
	Year  int `json:"year"`
	Month int `json:"month"`
	Day   int `json:"day"`
}

type clock struct {
	Hours   int `json:"hours"`
	Minutes int `json:"minutes"`
}

type schedule struct {
	StartDate date  `json:"startDate"`
	StartTime clock `json:"startTime"`
	EndDate   date  `json:"endDate"`
	EndTime   clock `json:"endTime"`
}

type happening struct {
	Title    string   `json:"title"`
	Schedule schedule `json:"schedule"`
}

type button struct {
	Type string `json:"actionType"`
	URL  string `json:"url,omitempty"`
}

type terms struct {
	Coupon string `json:"couponCode,omitempty"`
	Redeem string `json:"redeemOnlineUrl,omitempty"`
	Terms  string `json:"termsConditions,omitempty"`
}

type picture struct {
	Format string `json:"mediaFormat"`
	Source string `json:"sourceUrl"`
}

// localPost is a post as Google takes and gives it.
type localPost struct {
	Name     string     `json:"name,omitempty"` // accounts/1/locations/2/localPosts/3
	Language string     `json:"languageCode,omitempty"`
	Summary  string     `json:"summary,omitempty"`
	Topic    string     `json:"topicType,omitempty"`
	Button   *button    `json:"callToAction,omitempty"`
	Media    []picture  `json:"media,omitempty"`
	Event    *happening `json:"event,omitempty"`
	Offer    *terms     `json:"offer,omitempty"`
	State    string     `json:"state,omitempty"`
	URL      string     `json:"searchUrl,omitempty"`
	At       time.Time  `json:"createTime,omitzero"`
}

// topics are Google's names for our kinds.
var topics = map[string]string{update: "STANDARD", event: "EVENT", offer: "OFFER"}

// Publish implements connector.Publisher: the picture's address, if there is one, and the post.
func (Connector) Publish(ctx context.Context, p *connector.Pass) (connector.Receipt, error) {
	if n := len(p.Draft.Media); n > 1 {
		return connector.Receipt{}, connector.Reject("Google takes one picture in a post.", "remove:"+strconv.Itoa(n-1))
	}
	photos, err := connector.Each(ctx, p, "photo", p.Draft.Media, func(ctx context.Context, c *connector.Call, m connector.Media) (string, error) {
		return c.Public(ctx, m)
	})
	if err != nil {
		return connector.Receipt{}, err
	}
	post := postOf(p.Draft)
	for _, at := range photos {
		post.Media = append(post.Media, picture{"PHOTO", at})
	}
	return connector.Commit(ctx, p, "post", func(ctx context.Context, c *connector.Call) (connector.Receipt, error) {
		var out localPost
		_, err := c.Send(ctx, connector.Request{Method: "POST", Path: "/v4/" + c.Channel.Target + "/localPosts", JSON: post, Into: &out})
		return out.receipt(c), told(err)
	})
}

// told is a refusal in the words of what was wrong, which stand deeper than Google's general ones.
func told(err error) error {
	if f := connector.AsFailed(err); f != nil && f.Words == f.Body("error.message") {
		if words := f.Body("error.details.0.errorDetails.0.message"); words != "" {
			f.Words = words
		}
	}
	return err
}

// postOf is a draft as Google takes it, without its picture.
func postOf(d *connector.Draft) localPost {
	s := settingsForm.Of(d)
	post := localPost{Language: s.Language, Summary: d.Text, Topic: topics[d.Kind]}
	if d.Kind != offer && s.Button != "none" {
		post.Button = &button{Type: strings.ToUpper(s.Button), URL: s.ButtonURL}
		if s.Button == "call" {
			post.Button.URL = "" // it dials the profile's number, and is refused with an address
		}
	}
	if d.Kind != update {
		post.Event = &happening{s.Title, schedule{dateOf(s.Start), clockOf(s.Start), dateOf(s.End), clockOf(s.End)}}
	}
	if d.Kind == offer {
		post.Offer = &terms{s.Coupon, s.Redeem, s.Term}
	}
	return post
}

func dateOf(local string) date {
	t, _ := time.Parse(moment, local)
	return date{t.Year(), int(t.Month()), t.Day()}
}

func clockOf(local string) clock {
	t, _ := time.Parse(moment, local)
	return clock{t.Hour(), t.Minute()}
}

func (l localPost) receipt(c *connector.Call) connector.Receipt {
	r := connector.Receipt{ID: l.Name, Permalink: l.URL, At: l.At}
	if r.Permalink == "" && r.ID != "" {
		r.Permalink = c.Channel.URL
	}
	return r
}

// Finishes implements connector.Finisher: Google looks at every post.
func (Connector) Finishes(*connector.Draft) bool { return true }

// patience is how long Google's look at a post is waited for.
const patience = 24 * time.Hour

// Finish implements connector.Finisher: it waits until Google says whether the post stays. A refusal means that it was
// taken down.
func (Connector) Finish(ctx context.Context, p *connector.Pass) (connector.Receipt, error) {
	return connector.Step(ctx, p, "state", func(ctx context.Context, c *connector.Call) (connector.Receipt, error) {
		r := *p.Draft.Parent
		var out localPost
		if _, err := c.Send(ctx, connector.Request{Path: "/v4/" + r.ID, Into: &out}); err != nil {
			return r, err
		}
		if out.URL != "" {
			r.Permalink = out.URL
		}
		if age := c.Now.Sub(r.At); out.State != "LIVE" && age < patience {
			return r, connector.NotYet(c, min(max(age, 15*time.Second), time.Hour))
		}
		return r, nil
	})
}

// List implements connector.Lister: the place's posts, newest first.
func (Connector) List(ctx context.Context, c *connector.Call) ([]connector.Seen, error) {
	var raw map[string]json.RawMessage // an empty list is left out, and nothing else is there then
	if _, err := c.Send(ctx, connector.Request{Path: "/v4/" + c.Channel.Target + "/localPosts", Query: url.Values{"pageSize": {"50"}}, Into: &raw}); err != nil {
		return nil, err
	}
	var list []localPost
	if told, ok := raw["localPosts"]; ok && json.Unmarshal(told, &list) != nil || !ok && len(raw) > 0 || raw == nil {
		return nil, connector.Unreadable()
	}
	seen := make([]connector.Seen, len(list))
	for i, l := range list {
		seen[i] = connector.Seen{Receipt: l.receipt(c), Sign: l.sign()}
	}
	return seen, nil
}

// Sign implements connector.Lister: kind, words, button and event.
func (Connector) Sign(p *connector.Pass) string { return postOf(p.Draft).sign() }

func (l localPost) sign() string {
	parts := []string{l.Topic, text.Folded(l.Summary)}
	if l.Button != nil {
		parts = append(parts, l.Button.Type, strings.TrimSuffix(l.Button.URL, "/"))
	}
	if l.Event != nil {
		parts = append(parts, text.Folded(l.Event.Title))
	}
	return strings.Join(parts, " / ")
}

// Edit implements connector.Editor: everything but the picture.
func (Connector) Edit(ctx context.Context, c *connector.Call, r connector.Receipt, d *connector.Draft) (connector.Receipt, error) {
	mask := []string{"summary", "languageCode"}
	switch d.Kind {
	case offer:
		mask = append(mask, "event", "offer")
	case event:
		mask = append(mask, "event", "callToAction")
	default:
		mask = append(mask, "callToAction")
	}
	change := postOf(d)
	change.Topic = ""
	_, err := c.Send(ctx, connector.Request{Method: "PATCH", Path: "/v4/" + r.ID, Query: url.Values{"updateMask": {strings.Join(mask, ",")}}, JSON: change})
	return r, told(err)
}

// Delete implements connector.Deleter.
func (Connector) Delete(ctx context.Context, c *connector.Call, r connector.Receipt) error {
	_, err := c.Send(ctx, connector.Request{Method: "DELETE", Path: "/v4/" + r.ID})
	var f *connector.Failed
	if errors.As(err, &f) && f.Status == 404 {
		return nil
	}
	return err
}
