package hashnode

import (
	"context"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/connector"
)

// Lookup implements connector.Lookuper: "publications", and the "series" of the publication that was chosen.
func (Connector) Lookup(ctx context.Context, c *connector.Call, what, query string, siblings map[string]string) ([]connector.Option, error) {
	type named struct{ ID, Title, Name, URL string }
	var list []named
	if what == "series" {
		if siblings["publication"] == "" {
			return nil, nil
		}
		out, err := ask[struct {
			Publication struct{ SeriesList edges[named] }
		}](ctx, c,
			`query ($publication: ObjectId!) { publication(id: $publication) { id seriesList(first: 100) { edges { node { id name } } } } }`,
			map[string]any{"publication": siblings["publication"]})
		if err != nil {
			return nil, err
		}
		list = out.Publication.SeriesList.nodes()
	} else {
		out, err := ask[struct {
			Me struct{ Publications edges[named] }
		}](ctx, c, `query { me { id publications(first: 50) { edges { node { id title url } } } } }`, nil)
		if err != nil {
			return nil, err
		}
		list = out.Me.Publications.nodes()
	}
	var options []connector.Option
	for _, n := range list {
		if label := n.Title + n.Name; strings.Contains(strings.ToLower(label), strings.ToLower(query)) {
			options = append(options, connector.Option{ID: n.ID, Label: label, Help: n.URL})
		}
	}
	return options, nil
}

// Edit implements connector.Editor: the address stays; pictures are sent again.
func (Connector) Edit(ctx context.Context, c *connector.Call, r connector.Receipt, d *connector.Draft) (connector.Receipt, error) {
	files := make([]string, len(d.Media))
	for i, m := range d.Media {
		at, err := upload(ctx, c, m)
		if err != nil {
			return r, err
		}
		files[i] = at
	}
	in := input(d, settingsForm.Of(d), files)
	in["id"] = r.ID
	out, err := ask[struct{ UpdatePost struct{ Post article } }](ctx, c,
		`mutation ($input: UpdatePostInput!) { updatePost(input: $input) { post { `+articleFields+` } } }`, map[string]any{"input": in})
	if err == nil && out.UpdatePost.Post.URL != "" {
		r.Permalink = out.UpdatePost.Post.URL
	}
	return r, err
}

// Replies implements connector.Reader.
func (Connector) Replies(ctx context.Context, c *connector.Call, r connector.Receipt, after string) ([]connector.Answer, string, error) {
	variables := map[string]any{"id": r.ID}
	if after != "" {
		variables["after"] = after
	}
	out, err := ask[struct {
		Post struct {
			Slug     string
			Comments edges[struct {
				ID        string
				DateAdded time.Time
				Content   struct{ Text string }
				Author    struct{ Name, Username, ProfilePicture string }
			}]
		}
	}](ctx, c, `query ($id: ID!, $after: String) { post(id: $id) { id slug comments(first: 100, after: $after) { edges { node { id dateAdded content { text } author { name username profilePicture } } } pageInfo { endCursor hasNextPage } } } }`, variables)
	if err != nil {
		return nil, "", err
	}
	var answers []connector.Answer
	for _, m := range out.Post.Comments.nodes() {
		answers = append(answers, connector.Answer{
			ID: m.ID, Author: m.Author.Name, Handle: "@" + m.Author.Username, Avatar: m.Author.ProfilePicture, Text: m.Content.Text, At: m.DateAdded, Parent: r.ID,
			URL: "https://hashnode.com/posts/" + out.Post.Slug + "/" + r.ID + "/comment/" + m.ID,
		})
	}
	if page := out.Post.Comments.PageInfo; page.HasNextPage {
		return answers, page.EndCursor, nil
	}
	return answers, "", nil
}

// Measure implements connector.Measurer.
func (Connector) Measure(ctx context.Context, c *connector.Call, receipts []connector.Receipt) ([]connector.Figures, error) {
	var out []connector.Figures
	for _, r := range receipts {
		got, err := ask[struct {
			Post *struct {
				Views, ReactionCount, ResponseCount int64
			}
		}](ctx, c, `query ($id: ID!) { post(id: $id) { id views reactionCount responseCount } }`, map[string]any{"id": r.ID})
		if f := connector.AsFailed(err); f != nil && f.Body("errors.0.extensions.code") == "NOT_FOUND" {
			continue
		}
		if err != nil {
			return out, err
		}
		if got.Post != nil {
			out = append(out, connector.Figures{ID: r.ID, At: c.Now, Counts: map[string]int64{"views": got.Post.Views, "likes": got.Post.ReactionCount, "replies": got.Post.ResponseCount}})
		}
	}
	return out, nil
}
