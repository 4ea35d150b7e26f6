package x

import (
	"context"
	"errors"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/omniposto/omniposto/app/connector"
)

// listed is how many posts are asked for: what proves absence, and no more, because each is paid for.
const listed = "20"

// List implements connector.Lister: what the account posted, newest first.
func (Connector) List(ctx context.Context, c *connector.Call) ([]connector.Seen, error) {
	var out struct {
		Data []post `json:"data"` // absent where there are none
		Meta *struct {
			Count int `json:"result_count"`
		} `json:"meta"`
	}
	_, err := c.Send(ctx, connector.Request{
		Path: "/2/users/" + c.Channel.RemoteID + "/tweets", Into: &out,
		Query: url.Values{"max_results": {listed}, "exclude": {"retweets"}, "tweet.fields": {"created_at,referenced_tweets,attachments,entities,note_tweet"}},
	})
	if err != nil {
		return nil, err
	}
	if out.Meta == nil || out.Meta.Count > 0 && len(out.Data) == 0 {
		return nil, connector.Unreadable()
	}
	seen := make([]connector.Seen, len(out.Data))
	for i, t := range out.Data {
		seen[i] = connector.Seen{Receipt: t.receipt(c), Sign: sign(t.parent(), t.words(), numbers(t.Attached.Keys))}
	}
	return seen, nil
}

// Sign implements connector.Lister: the words under the post that they answer; the files' numbers where there are no words.
func (Connector) Sign(p *connector.Pass) string {
	parent := ""
	if p.Draft.Parent != nil && p.Draft.Role != connector.Post {
		parent = p.Draft.Parent.ID
	}
	step := "start"
	if p.Kind().ID == "images" {
		step = "upload"
	}
	return sign(parent, p.Draft.Text, ids(connector.PeekAll[file](p, step)))
}

func sign(parent, words string, files []string) string {
	if words = folded(words); words != "" || len(files) == 0 {
		return "text " + parent + " / " + words
	}
	files = slices.Clone(files)
	slices.Sort(files)
	return "files " + strings.Join(files, ",")
}

// numbers are the numbers inside media keys like 3_1460.
func numbers(keys []string) []string {
	out := make([]string, len(keys))
	for i, k := range keys {
		out[i] = k[strings.IndexByte(k, '_')+1:]
	}
	return out
}

// ownFile is the address that X adds to a text for a file of the post.
var ownFile = regexp.MustCompile(`^https://(x|twitter)\.com/[^/]+/status/\d+/(photo|video)/\d+$`)

// words are the post's text as it was written: short addresses expanded, those of its own files left out.
func (t post) words() string {
	s, links := t.Text, t.Entities
	if t.Note != nil {
		s = t.Note.Text
		links.URLs = append(slices.Clone(t.Note.Entities.URLs), links.URLs...)
	}
	s = html.UnescapeString(s)
	for _, u := range links.URLs {
		to := u.Expanded
		if ownFile.MatchString(to) {
			to = ""
		}
		s = strings.ReplaceAll(s, u.URL, to)
	}
	return s
}

var (
	schemes = regexp.MustCompile(`(?i)https?://`)
	slashes = regexp.MustCompile(`/+([\s).,;:!?"']|$)`)
)

// folded is a text as X can give it back: composed, addresses without scheme and last slash, white space as one space.
func folded(s string) string {
	s = schemes.ReplaceAllString(norm.NFC.String(s), "")
	return strings.Join(strings.Fields(slashes.ReplaceAllString(s, "$1")), " ")
}

// Delete implements connector.Deleter.
func (Connector) Delete(ctx context.Context, c *connector.Call, r connector.Receipt) error {
	if _, err := c.Send(ctx, connector.Request{Method: "DELETE", Path: "/2/tweets/" + r.ID}); err != nil && !gone(err) {
		return err
	}
	return nil
}

func gone(err error) bool {
	var f *connector.Failed
	return errors.As(err, &f) && f.Status == 404
}

// Replies implements connector.Reader, by the search over the last seven days.
func (Connector) Replies(ctx context.Context, c *connector.Call, r connector.Receipt, after string) ([]connector.Answer, string, error) {
	q := url.Values{
		"query": {"conversation_id:" + r.ID}, "max_results": {"100"}, "expansions": {"author_id"},
		"tweet.fields": {"created_at,author_id,referenced_tweets,entities,note_tweet"}, "user.fields": {"name,username,profile_image_url"},
	}
	if after != "" {
		q.Set("next_token", after)
	}
	var out struct {
		Data     []post `json:"data"`
		Includes struct {
			Users []account `json:"users"`
		} `json:"includes"`
		Meta struct {
			Next string `json:"next_token"`
		} `json:"meta"`
	}
	if _, err := c.Send(ctx, connector.Request{Path: "/2/tweets/search/recent", Query: q, Into: &out}); err != nil {
		return nil, "", err
	}
	people := map[string]account{}
	for _, a := range out.Includes.Users {
		people[a.ID] = a
	}
	var answers []connector.Answer
	for _, t := range slices.Backward(out.Data) {
		a := people[t.Author]
		answers = append(answers, connector.Answer{
			ID: t.ID, Author: a.Name, Handle: "@" + a.Username, Avatar: a.Avatar, Text: t.words(), Parent: t.parent(), At: t.CreatedAt,
			URL: "https://x.com/" + a.Username + "/status/" + t.ID,
		})
	}
	return answers, out.Meta.Next, nil
}

// figuresNames are X's names for figures, and ours.
var figureNames = map[string]string{
	"like_count": "likes", "reply_count": "replies", "retweet_count": "reposts", "quote_count": "quotes", "bookmark_count": "bookmarks", "impression_count": "views",
	"url_link_clicks": "link_clicks", "user_profile_clicks": "profile_clicks",
}

// ownFigures is how old a post may be for its clicks to be told. Source: fact sheet, "analytics": 30 days.
const ownFigures = 29 * 24 * time.Hour

// Measure implements connector.Measurer. The owner's own figures are asked for young posts alone: for others X gives an
// error in place of the post.
func (Connector) Measure(ctx context.Context, c *connector.Call, list []connector.Receipt) ([]connector.Figures, error) {
	young, old := []string{}, []string{}
	for _, r := range list {
		if c.Now.Sub(r.At) < ownFigures {
			young = append(young, r.ID)
		} else {
			old = append(old, r.ID)
		}
	}
	var out []connector.Figures
	for fields, ids := range map[string][]string{"public_metrics,non_public_metrics": young, "public_metrics": old} {
		for page := range slices.Chunk(ids, 100) {
			var got struct {
				Data []post `json:"data"`
			}
			if _, err := c.Send(ctx, connector.Request{Path: "/2/tweets", Query: url.Values{"ids": {strings.Join(page, ",")}, "tweet.fields": {fields}}, Into: &got}); err != nil {
				return out, err
			}
			for _, t := range got.Data {
				counts := map[string]int64{}
				for _, told := range []map[string]int64{t.Public, t.Own} {
					for theirs, n := range told {
						if ours, ok := figureNames[theirs]; ok {
							counts[ours] = n
						}
					}
				}
				out = append(out, connector.Figures{ID: t.ID, At: c.Now, Counts: counts})
			}
		}
	}
	return out, nil
}
