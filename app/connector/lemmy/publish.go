package lemmy

import (
	"context"
	"net/url"
	"strconv"
	"strings"

	"github.com/omniposto/omniposto/app/connector"
)

// Publish implements connector.Publisher: pictures, then the post; or a comment under one.
func (Connector) Publish(ctx context.Context, p *connector.Pass) (connector.Receipt, error) {
	if p.Kind().ID == "comment" {
		return comment(ctx, p)
	}
	s := settingsForm.Of(p.Draft)
	if len(s.Communities) != 1 {
		return connector.Receipt{}, connector.Reject("Each community is a delivery of its own; this one names several.", "choose")
	}
	pictures, err := connector.Each(ctx, p, "image", p.Draft.Media, upload)
	if err != nil {
		return connector.Receipt{}, err
	}
	return connector.Commit(ctx, p, "post", func(ctx context.Context, c *connector.Call) (connector.Receipt, error) {
		in, err := newPost(p.Draft, s, pictures)
		if err != nil {
			return connector.Receipt{}, err
		}
		var out struct {
			View postView `json:"post_view"`
		}
		_, err = c.Send(ctx, connector.Request{Method: "POST", Path: versionIn(c).path("post"), JSON: in, Into: &out})
		r := out.View.receipt(c)
		if len(pictures) > 1 && r.ID != "" {
			r.More = map[string]string{"pictures": strings.Join(pictures, "\n")}
		}
		return r, err
	})
}

// upload gives the address of a picture on the server.
func upload(ctx context.Context, c *connector.Call, m connector.Media) (string, error) {
	v := versionIn(c)
	r := connector.Request{Method: "POST", Size: m.Size}
	var old struct {
		Files []struct {
			File string `json:"file"`
		} `json:"files"`
	}
	var now struct {
		URL string `json:"image_url"`
	}
	part := connector.Part{File: m.All(), Size: m.Size, FileName: m.Name, Type: m.MIME}
	if v == v4 {
		part.Name, r.Path, r.Into = "image", v.path("image"), &now
	} else {
		part.Name, r.Path, r.Into = "images[]", "/pictrs/image", &old
		c.Token.Access.Use(func(jwt string) { r.Header = map[string]string{"Cookie": "jwt=" + jwt} }) // older servers read it there
	}
	r.Parts = []connector.Part{part}
	if _, err := c.Send(ctx, r); err != nil {
		return "", err
	}
	if v == v3 && len(old.Files) > 0 && old.Files[0].File != "" {
		now.URL = c.Channel.Fields["server"] + "/pictrs/image/" + url.PathEscape(old.Files[0].File)
	}
	if connector.WebAddress(now.URL) == "" || len(now.URL) > longestPicture {
		return "", &connector.Failed{Class: connector.Transient, Step: "image", Words: "The server gave the picture no address."}
	}
	return now.URL, nil
}

// newPost is the JSON of a new post.
func newPost(d *connector.Draft, s settings, pictures []string) (map[string]any, error) {
	id, err := strconv.Atoi(s.Communities[0].ID)
	if err != nil {
		return nil, connector.Reject("Choose the community from the list.", "choose")
	}
	out := map[string]any{"community_id": id, "name": strings.TrimSpace(s.Title), "nsfw": s.NSFW}
	if text := body(d, pictures); text != "" {
		out["body"] = text
	}
	if s.URL != "" && len(pictures) == 0 {
		out["url"] = s.URL
	}
	if s.Thumbnail != "" {
		out["custom_thumbnail"] = s.Thumbnail
	}
	if n, err := strconv.Atoi(s.Language.ID); err == nil {
		out["language_id"] = n
	}
	if len(pictures) > 0 {
		out["url"] = pictures[0]
		if d.Media[0].Alt != "" {
			out["alt_text"] = d.Media[0].Alt
		}
	}
	return out, nil
}

var squareBrackets = strings.NewReplacer(`\`, `\\`, "[", `\[`, "]", `\]`, "\n", " ")

// body is the text with the pictures after the first below it.
func body(d *connector.Draft, pictures []string) string {
	parts := []string{strings.TrimSpace(d.Text)}
	for i := 1; i < len(pictures) && i < len(d.Media); i++ {
		parts = append(parts, "!["+squareBrackets.Replace(d.Media[i].Alt)+"]("+pictures[i]+")")
	}
	return strings.TrimSpace(strings.Join(parts, "\n\n"))
}

// comment writes under a post or another comment.
func comment(ctx context.Context, p *connector.Pass) (connector.Receipt, error) {
	return connector.Commit(ctx, p, "comment", func(ctx context.Context, c *connector.Call) (connector.Receipt, error) {
		if p.Draft.Parent == nil {
			return connector.Receipt{}, connector.Reject("There is no post to comment on.", "")
		}
		in := map[string]any{"content": p.Draft.Text, "post_id": postOf(*p.Draft.Parent)}
		if what, n := split(p.Draft.Parent.ID); what == "comment" {
			in["parent_id"] = n
		}
		var out struct {
			View commentView `json:"comment_view"`
		}
		_, err := c.Send(ctx, connector.Request{Method: "POST", Path: versionIn(c).path("comment"), JSON: in, Into: &out})
		return out.View.receipt(c), err
	})
}

// split reads "post/12" or "comment/12": both count from one, so a number alone names nothing.
func split(id string) (what string, n int) {
	what, number, _ := strings.Cut(id, "/")
	n, _ = strconv.Atoi(number)
	return what, n
}

// postOf is the number of the post that a receipt is of or stands under.
func postOf(r connector.Receipt) int {
	what, n := split(r.ID)
	if what == "comment" {
		n, _ = strconv.Atoi(r.More["post"])
	}
	return n
}

func (v postView) receipt(c *connector.Call) connector.Receipt {
	if v.Post.ID == 0 {
		return connector.Receipt{}
	}
	return made("post", v.Post.ID, v.Post.ApID, v.Post.instant, c)
}

func (v commentView) receipt(c *connector.Call) connector.Receipt {
	if v.Comment.ID == 0 {
		return connector.Receipt{}
	}
	r := made("comment", v.Comment.ID, v.Comment.ApID, v.Comment.instant, c)
	r.More = map[string]string{"post": strconv.Itoa(v.Comment.Post)}
	return r
}

func made(what string, n int, at string, when instant, c *connector.Call) connector.Receipt {
	id := what + "/" + strconv.Itoa(n)
	if connector.WebAddress(at) == "" {
		at = c.Channel.Fields["server"] + "/" + id
	}
	return connector.Receipt{ID: id, Permalink: at, At: when.at()}
}
