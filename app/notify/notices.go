package notify

import (
	"context"
	"slices"
	"time"

	"github.com/omniposto/omniposto/app/event"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// Notice is something that somebody of a workspace had to be told.
type Notice struct {
	Kind  string    `json:"kind" doc:"What happened, like delivery.failed or channel.expiring."`
	ID    string    `json:"id" doc:"Of what it happened to."`
	Post  *ref.Post `json:"post,omitempty"`
	Class string    `json:"class,omitempty" doc:"Of a failed attempt."`
	Words string    `json:"words,omitempty" doc:"The platform's words, or ours."`
	At    time.Time `json:"at"`
}

type noticesInput struct {
	op.WorkspacePath
	op.Page
}

func (l *Live) notices(ctx context.Context, c op.Call, in *noticesInput) (*op.Listed[Notice], error) {
	at, err := c.Position(in.Cursor)
	if err != nil {
		return nil, err
	}
	return op.View(ctx, l.DB, func(tx store.ReadTx) (*op.Listed[Notice], error) {
		out := &op.Listed[Notice]{Items: []Notice{}}
		var last store.Key
		for key, change := range event.Told(tx, c.Workspace, at) {
			if len(out.Items) == in.Limit {
				out.NextCursor = c.Cursor(last)
				break
			}
			last = slices.Clone(key)
			n := Notice{Kind: change.Kind, ID: change.On, Class: change.Class, Words: change.Words, At: change.At}
			if !change.Post.Zero() {
				n.Post = &change.Post
			}
			out.Items = append(out.Items, n)
		}
		return out, nil
	})
}
