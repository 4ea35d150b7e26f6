package bluesky

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

const (
	tidAlphabet = "234567abcdefghijklmnopqrstuvwxyz"
	instant     = "2006-01-02T15:04:05.000Z"
)

// recordKey is a TID: microseconds of the first claim, and a clock id and the microseconds' rest from the delivery's
// key. The same delivery gives the same key in every try.
func recordKey(d *connector.Draft) string {
	sum := sha256.Sum256([]byte(d.Key))
	n := binary.BigEndian.Uint32(sum[:4])
	micros := uint64(d.At.UnixMilli())*1000 + uint64(n%1000) //nolint:gosec // after 1970
	v := micros<<10&^(1<<63) | uint64(n>>10&0x3ff)
	var out [13]byte
	for i := 12; i >= 0; i-- {
		out[i] = tidAlphabet[v&31]
		v >>= 5
	}
	return string(out[:])
}

// record is the post as it is written. It must be the same bytes in every try.
func record(d *connector.Draft, s settings, got parts) map[string]any {
	out := map[string]any{"$type": collection, "text": d.Text, "createdAt": d.At.UTC().Format(instant)}
	if f := facets(d.Spans, got.dids); len(f) > 0 {
		out["facets"] = f
	}
	if len(s.Languages) > 0 {
		out["langs"] = s.Languages
	}
	if len(s.ExtraTags) > 0 {
		out["tags"] = s.ExtraTags
	}
	if s.SelfLabel != "" && s.SelfLabel != "none" {
		out["labels"] = map[string]any{"$type": "com.atproto.label.defs#selfLabels", "values": []any{map[string]string{"val": s.SelfLabel}}}
	}
	if e := embed(d, got); e != nil {
		out["embed"] = e
	}
	if d.Parent != nil && d.Role != connector.Post {
		root := d.Root
		if root == nil {
			root = d.Parent
		}
		out["reply"] = map[string]any{"root": strongOf(root), "parent": strongOf(d.Parent)}
	}
	return out
}

func strongOf(r *connector.Receipt) strong { return strong{r.ID, r.More["cid"]} }

// facets mark links, mentions and tags by bytes.
func facets(spans []connector.Span, dids map[string]string) []any {
	var out []any
	for _, s := range spans {
		var feature map[string]string
		switch s.Kind {
		case text.Link:
			feature = map[string]string{"$type": "app.bsky.richtext.facet#link", "uri": s.Value}
		case text.Mention:
			if did := dids[s.Value]; did != "" {
				feature = map[string]string{"$type": "app.bsky.richtext.facet#mention", "did": did}
			}
		case text.Tag:
			if len(s.Value) <= maxTagBytes && text.Graphemes.Length(s.Value, 0) <= maxTagGraphemes {
				feature = map[string]string{"$type": "app.bsky.richtext.facet#tag", "tag": s.Value}
			}
		}
		if feature != nil {
			out = append(out, map[string]any{
				"index":    map[string]int{"byteStart": s.Start.Byte, "byteEnd": s.End.Byte},
				"features": []any{feature},
			})
		}
	}
	return out
}

// embed is what stands under the text: pictures, a video or a card, with or without a quoted post.
func embed(d *connector.Draft, got parts) map[string]any {
	var media map[string]any
	switch {
	case len(d.Media) == 1 && d.Media[0].Type == connector.VideoFile && len(got.blobs) == 1:
		media = map[string]any{"$type": "app.bsky.embed.video", "video": got.blobs[0], "alt": d.Media[0].Alt}
		if r := ratio(&d.Media[0]); r != nil {
			media["aspectRatio"] = r
		}
	case len(got.blobs) > 0:
		var images []any
		for i, b := range got.blobs {
			one := map[string]any{"image": b, "alt": d.Media[i].Alt}
			if r := ratio(&d.Media[i]); r != nil {
				one["aspectRatio"] = r
			}
			images = append(images, one)
		}
		media = map[string]any{"$type": "app.bsky.embed.images", "images": images}
	case got.card.URI != "":
		external := map[string]any{"uri": got.card.URI, "title": got.card.Title, "description": got.card.Description}
		if len(got.card.Thumb) > 0 {
			external["thumb"] = got.card.Thumb
		}
		media = map[string]any{"$type": "app.bsky.embed.external", "external": external}
	}
	if got.quote == nil {
		return media
	}
	quoted := map[string]any{"$type": "app.bsky.embed.record", "record": got.quote}
	if media == nil {
		return quoted
	}
	return map[string]any{"$type": "app.bsky.embed.recordWithMedia", "record": quoted, "media": media}
}

func ratio(m *connector.Media) map[string]int {
	if m.Width <= 0 || m.Height <= 0 {
		return nil
	}
	return map[string]int{"width": m.Width, "height": m.Height}
}

// gatesOf are the records that limit replies and quotes, under the post's own key.
func gatesOf(d *connector.Draft, s settings, did, rkey string) []any {
	uri := "at://" + did + "/" + collection + "/" + rkey
	at := d.At.UTC().Format(instant)
	var out []any
	if s.ReplyControl == nobody || s.ReplyControl == some {
		allow := []any{}
		if s.ReplyControl == some {
			allow = append(allow, allowed(s)...)
		}
		out = append(out, create(threadgate, rkey, map[string]any{"$type": threadgate, "post": uri, "allow": allow, "createdAt": at}))
	}
	if !s.AllowQuotes {
		out = append(out, create(postgate, rkey, map[string]any{
			"$type": postgate, "post": uri, "createdAt": at,
			"embeddingRules": []any{map[string]string{"$type": postgate + "#disableRule"}},
		}))
	}
	return out
}

func allowed(s settings) []any {
	var out []any
	names := map[string]string{"mentioned": "mentionRule", "followers": "followerRule", "following": "followingRule"}
	for _, who := range s.ReplyAllow {
		out = append(out, map[string]string{"$type": threadgate + "#" + names[who]})
	}
	for _, list := range s.ReplyLists {
		out = append(out, map[string]string{"$type": threadgate + "#listRule", "list": list.ID})
	}
	return out
}
