package bluesky

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

const (
	collection = "app.bsky.feed.post"
	threadgate = "app.bsky.feed.threadgate"
	postgate   = "app.bsky.feed.postgate"
)

// blob is what the server gave for a file, put into the record unchanged.
type blob = json.RawMessage

// card is the saved result of making a link's card.
type card struct {
	URI         string `json:"uri"`
	Title       string `json:"title"`
	Description string `json:"description"`
	Thumb       blob   `json:"thumb,omitempty"`
}

// strong names one version of a record.
type strong struct {
	URI string `json:"uri"`
	CID string `json:"cid"`
}

// parts is what the steps before the commit gave.
type parts struct {
	dids  map[string]string // of the handles in the text
	blobs []blob
	card  card
	quote *strong
}

// Publish implements connector.Publisher: resolve the handles, upload what is in the post, write the record.
func (b Connector) Publish(ctx context.Context, p *connector.Pass) (connector.Receipt, error) {
	s := settingsForm.Of(p.Draft)
	got, err := b.prepare(ctx, p, s)
	if err != nil {
		return connector.Receipt{}, err
	}
	return connector.Commit(ctx, p, "record", func(ctx context.Context, c *connector.Call) (connector.Receipt, error) {
		return commit(ctx, c, p.Draft, s, record(p.Draft, s, got))
	})
}

// prepare runs the invisible steps. Blobs that no record names are dropped after a while, so they come last.
func (b Connector) prepare(ctx context.Context, p *connector.Pass, s settings) (parts, error) {
	var got parts
	var err error
	if got.dids, err = mentions(ctx, p); err != nil {
		return got, err
	}
	if s.Quote != "" {
		found, err := connector.Step(ctx, p, "quote", func(ctx context.Context, c *connector.Call) (strong, error) { return quote(ctx, c, s.Quote) })
		if err != nil {
			return got, err
		}
		got.quote = &found
	}
	switch link := firstLink(p.Draft.Spans); {
	case p.Kind().ID == "video":
		v, err := video(ctx, p)
		got.blobs = []blob{v}
		return got, err
	case len(p.Draft.Media) > 0:
		got.blobs, err = connector.Each(ctx, p, "blob", p.Draft.Media, upload)
		return got, err
	case s.LinkCard && link != "":
		got.card, err = connector.Step(ctx, p, "card", func(ctx context.Context, c *connector.Call) (card, error) { return makeCard(ctx, c, link) })
	}
	return got, err
}

func firstLink(spans []connector.Span) string {
	for _, s := range spans {
		if s.Kind == text.Link {
			return s.Value
		}
	}
	return ""
}

// mentions resolves the handles in the text; one that nobody has stays plain words.
func mentions(ctx context.Context, p *connector.Pass) (map[string]string, error) {
	var handles []string
	for _, s := range p.Draft.Spans {
		if s.Kind == text.Mention && strings.Contains(s.Value, ".") && !strings.Contains(s.Value, "@") {
			handles = append(handles, s.Value)
		}
	}
	dids, err := connector.Each(ctx, p, "mention", handles, resolve)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for i, did := range dids {
		if did != "" {
			out[handles[i]] = did
		}
	}
	return out, nil
}

func resolve(ctx context.Context, c *connector.Call, handle string) (string, error) {
	var out struct {
		DID string `json:"did"`
	}
	_, err := c.Send(ctx, connector.Request{Path: "/xrpc/com.atproto.identity.resolveHandle", Query: url.Values{"handle": {strings.ToLower(handle)}}, Into: &out})
	if f := connector.AsFailed(err); f != nil && f.Status == http.StatusBadRequest && f.Body("error") == "InvalidRequest" {
		return "", nil
	}
	return out.DID, err
}

// quote finds the version of the post that is quoted.
func quote(ctx context.Context, c *connector.Call, address string) (strong, error) {
	who, rkey, ok := quoted(address)
	if !ok {
		return strong{}, connector.Reject("The quoted post's address isn't one of Bluesky's.", "")
	}
	if !strings.HasPrefix(who, "did:") {
		did, err := resolve(ctx, c, who)
		if err != nil {
			return strong{}, err
		}
		who = did
	}
	var out struct {
		Posts []strong `json:"posts"`
	}
	uri := "at://" + who + "/" + collection + "/" + rkey
	if _, err := c.Send(ctx, connector.Request{Path: "/xrpc/app.bsky.feed.getPosts", Query: url.Values{"uris": {uri}}, Into: &out}); err != nil {
		return strong{}, err
	}
	if len(out.Posts) == 0 || out.Posts[0].CID == "" {
		return strong{}, connector.Reject("The quoted post is gone.", "")
	}
	return out.Posts[0], nil
}

func upload(ctx context.Context, c *connector.Call, m connector.Media) (blob, error) {
	var out struct {
		Blob blob `json:"blob"`
	}
	_, err := c.Send(ctx, connector.Request{Method: "POST", Path: "/xrpc/com.atproto.repo.uploadBlob", Body: m.All(), Size: m.Size, Type: m.MIME, Into: &out})
	if err == nil && len(out.Blob) == 0 {
		err = &connector.Failed{Class: connector.Transient, Step: "blob", Words: "The server gave the file no number."}
	}
	return out.Blob, err
}

// makeCard takes title and picture from the page. The picture is left out when it can't be used; the rest stays.
func makeCard(ctx context.Context, c *connector.Call, address string) (card, error) {
	page, err := c.Card(ctx, address)
	if err != nil || page.Title == "" {
		return card{}, err
	}
	out := card{URI: address, Title: page.Title, Description: page.Description}
	if page.Image == nil || page.Image.Size > maxThumbBytes {
		return out, nil
	}
	out.Thumb, err = upload(ctx, c, *page.Image)
	if connector.ClassOf(err) == connector.Rejected {
		return out, nil
	}
	return out, err
}

// commit writes the record under our key. With gates all records appear together.
func commit(ctx context.Context, c *connector.Call, d *connector.Draft, s settings, post map[string]any) (connector.Receipt, error) {
	did, rkey := c.Channel.RemoteID, recordKey(d)
	gates := gatesOf(d, s, did, rkey)
	if len(gates) == 0 {
		var out strong
		_, err := c.Send(ctx, connector.Request{
			Method: "POST", Path: "/xrpc/com.atproto.repo.putRecord", Into: &out,
			JSON: map[string]any{"repo": did, "collection": collection, "rkey": rkey, "swapRecord": nil, "record": post},
		})
		return receipt(d, did, rkey, out), err
	}
	writes := append([]any{create(collection, rkey, post)}, gates...)
	var out struct {
		Results []strong `json:"results"`
	}
	_, err := c.Send(ctx, connector.Request{
		Method: "POST", Path: "/xrpc/com.atproto.repo.applyWrites", Into: &out, JSON: map[string]any{"repo": did, "writes": writes},
	})
	if err != nil {
		return connector.Receipt{}, err
	}
	if len(out.Results) == 0 {
		return connector.Receipt{}, errors.New("the answer names no record")
	}
	return receipt(d, did, rkey, out.Results[0]), nil
}

func create(collection, rkey string, value any) map[string]any {
	return map[string]any{"$type": "com.atproto.repo.applyWrites#create", "collection": collection, "rkey": rkey, "value": value}
}

func receipt(d *connector.Draft, did, rkey string, s strong) connector.Receipt {
	return connector.Receipt{ID: s.URI, Permalink: "https://bsky.app/profile/" + did + "/post/" + rkey, At: d.At, More: map[string]string{"cid": s.CID}}
}

// Look implements connector.Looker: is there a record under our key?
func (Connector) Look(ctx context.Context, c *connector.Call, p *connector.Pass) (connector.Sight, error) {
	rkey := recordKey(p.Draft)
	var out strong
	_, err := c.Send(ctx, connector.Request{
		Path: "/xrpc/com.atproto.repo.getRecord", Into: &out,
		Query: url.Values{"repo": {c.Channel.RemoteID}, "collection": {collection}, "rkey": {rkey}},
	})
	var f *connector.Failed
	if errors.As(err, &f) && f.Body("error") == "RecordNotFound" {
		return connector.Sight{Absent: true}, nil
	}
	if err != nil {
		return connector.Sight{}, err
	}
	r := receipt(p.Draft, c.Channel.RemoteID, rkey, out)
	return connector.Sight{Found: &r}, nil
}
