package hashnode

import (
	"context"
	"time"

	"github.com/omniposto/omniposto/app/connector"
)

// edges is how a GraphQL list comes.
type edges[T any] struct {
	Edges []struct {
		Node T `json:"node"`
	} `json:"edges"`
	PageInfo struct {
		EndCursor   string `json:"endCursor"`
		HasNextPage bool   `json:"hasNextPage"`
	} `json:"pageInfo"`
}

func (e edges[T]) nodes() []T {
	out := make([]T, len(e.Edges))
	for i, edge := range e.Edges {
		out[i] = edge.Node
	}
	return out
}

// ask sends one GraphQL operation; an error inside a good answer is found by the failure table.
func ask[T any](ctx context.Context, c *connector.Call, query string, variables map[string]any) (T, error) {
	var out struct {
		Data T `json:"data"`
	}
	_, err := c.Send(ctx, connector.Request{Method: "POST", Path: "/", JSON: map[string]any{"query": query, "variables": variables}, Into: &out})
	return out.Data, err
}

// article is one as the API gives it.
type article struct {
	ID          string    `json:"id"`
	Slug        string    `json:"slug"`
	URL         string    `json:"url"`
	PublishedAt time.Time `json:"publishedAt"`
}

const articleFields = `id slug url publishedAt`

func (a article) receipt() connector.Receipt {
	if a.ID == "" {
		return connector.Receipt{}
	}
	return connector.Receipt{ID: a.ID, Permalink: a.URL, At: a.PublishedAt}
}
