package hashnode

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

// Publish implements connector.Publisher: pictures, the question whether a chosen address is free, the article.
func (Connector) Publish(ctx context.Context, p *connector.Pass) (connector.Receipt, error) {
	s := settingsForm.Of(p.Draft)
	files, err := connector.Each(ctx, p, "image", p.Draft.Media, upload)
	if err != nil {
		return connector.Receipt{}, err
	}
	if s.Slug != "" {
		_, err = connector.Step(ctx, p, "free", func(ctx context.Context, c *connector.Call) (bool, error) {
			return free(ctx, c, s.Publication.ID, slug(p.Draft))
		})
		if err != nil {
			return connector.Receipt{}, err
		}
	}
	return connector.Commit(ctx, p, "publish", func(ctx context.Context, c *connector.Call) (connector.Receipt, error) {
		in := input(p.Draft, s, files)
		in["publicationId"], in["slug"] = s.Publication.ID, slug(p.Draft)
		out, err := ask[struct{ PublishPost struct{ Post article } }](ctx, c,
			`mutation ($input: PublishPostInput!) { publishPost(input: $input) { post { `+articleFields+` } } }`, map[string]any{"input": in})
		return out.PublishPost.Post.receipt(), err
	})
}

// cdn is where pictures are shown from; the storage itself may change.
const cdn = "https://cdn.hashnode.com/"

// upload asks for a place in the storage, then sends the picture there.
func upload(ctx context.Context, c *connector.Call, m connector.Media) (string, error) {
	out, err := ask[struct {
		CreateImageUploadURL struct {
			PresignedPost struct {
				URL    string
				Fields map[string]string
			}
		}
	}](ctx, c, `mutation ($input: CreateImageUploadInput!) { createImageUploadURL(input: $input) { presignedPost { url fields } } }`,
		map[string]any{"input": map[string]string{"contentType": m.MIME}})
	if err != nil {
		return "", err
	}
	place := out.CreateImageUploadURL.PresignedPost
	if place.URL == "" || place.Fields["key"] == "" {
		return "", &connector.Failed{Class: connector.Transient, Step: "image", Words: "Hashnode gave the picture no place."}
	}
	r := connector.Request{Method: "POST", Host: "storage", Path: place.URL, NoAuth: true, Size: m.Size}
	for _, name := range slices.Sorted(maps.Keys(place.Fields)) {
		r.Parts = append(r.Parts, connector.Part{Name: name, Value: place.Fields[name]})
		if name != "key" {
			c.Hide(place.Fields[name]) // signatures
		}
	}
	r.Parts = append(r.Parts, connector.Part{Name: "file", File: m.All(), Size: m.Size, FileName: m.Name, Type: m.MIME})
	if _, err := c.Send(ctx, r); err != nil {
		return "", err
	}
	return cdn + place.Fields["key"], nil
}

// free asks for an address that a person chose.
func free(ctx context.Context, c *connector.Call, publication, slug string) (bool, error) {
	out, err := ask[struct{ Publication struct{ Post *article } }](ctx, c,
		`query ($publication: ObjectId!, $slug: String!) { publication(id: $publication) { id post(slug: $slug) { id } } }`,
		map[string]any{"publication": publication, "slug": slug})
	if f := connector.AsFailed(err); f != nil && f.Body("errors.0.extensions.code") == "NOT_FOUND" {
		return true, nil
	}
	if err == nil && out.Publication.Post != nil {
		err = connector.Reject("An article with the address "+slug+" stands there already. Choose another one.", "choose")
	}
	return err == nil, err
}

// input is the article as both mutations take it.
func input(d *connector.Draft, s settings, files []string) map[string]any {
	title, words := text.Titled(s.Title, d.Text)
	cover := s.CoverURL
	for i, at := range files {
		if i == 0 && s.Cover && cover == "" {
			cover = at
			continue
		}
		words += "\n\n![" + altSigns.Replace(d.Media[i].Alt) + "](" + at + ")"
	}
	out := map[string]any{"title": title, "contentMarkdown": strings.TrimLeft(words, "\n"), "enableToc": s.Contents, "disableComments": s.NoComments, "isDelisted": s.Unlisted}
	for name, v := range map[string]string{
		"subtitle": s.Subtitle, "coverImage": cover, "originalArticleURL": s.Canonical, "metaTitle": s.MetaTitle, "metaDescription": s.MetaDescription, "seriesId": s.Series.ID,
	} {
		if v != "" {
			out[name] = v
		}
	}
	tags := make([]any, len(s.Tags))
	for i, tag := range s.Tags {
		tags[i] = map[string]string{"slug": slugged(tag), "name": tag}
	}
	out["tags"] = tags
	return out
}

var altSigns = strings.NewReplacer("\\", "\\\\", "[", "\\[", "]", "\\]", "\n", " ", "\r", "")

// List implements connector.Lister: the newest articles of all publications of the person.
func (Connector) List(ctx context.Context, c *connector.Call) ([]connector.Seen, error) {
	out, err := ask[struct {
		Me struct {
			Publications edges[struct{ Posts edges[article] }]
		}
	}](ctx, c, `query { me { id publications(first: 50) { edges { node { id posts(first: 20) { edges { node { `+articleFields+` } } } } } } } }`, nil)
	if err != nil {
		return nil, err
	}
	var seen []connector.Seen
	for _, publication := range out.Me.Publications.nodes() {
		for _, a := range publication.Posts.nodes() {
			seen = append(seen, connector.Seen{Receipt: a.receipt(), Sign: a.Slug})
		}
	}
	slices.SortStableFunc(seen, func(a, b connector.Seen) int { return b.At.Compare(a.At) })
	return seen, nil
}

// Sign implements connector.Lister.
func (Connector) Sign(p *connector.Pass) string { return slug(p.Draft) }
