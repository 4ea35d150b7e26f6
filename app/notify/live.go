// Package notify tells people what changed: live screens now. It follows the log of events and asks, before each
// message, whether the one who listens may still know.
package notify

import (
	"context"
	"time"

	"github.com/omniposto/omniposto/app/access"
	"github.com/omniposto/omniposto/app/base/fail"
	"github.com/omniposto/omniposto/app/event"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// ErrWorkspace is the error of a workspace that isn't there for the caller.
var ErrWorkspace = fail.NotFound("not_found", "There is no such workspace here.")

// Live offers the event stream.
type Live struct{ Deps }

// Deps is what the stream uses.
type Deps struct {
	DB             *store.DB
	Hub            *event.Hub
	Actor          func(tx store.ReadTx, who ref.Identity, session ref.Session) (access.Actor, bool)
	OrganizationOf func(tx store.ReadTx, w ref.Workspace) (ref.Organization, bool)
}

// New makes the operations.
func New(d Deps) *Live { return &Live{d} }

// Message is one change as a screen gets to know it.
type Message struct {
	Kind      string        `json:"kind"`
	ID        string        `json:"id"`
	Post      *ref.Post     `json:"post,omitempty"`
	Version   int64         `json:"version,omitempty"`
	Workspace ref.Workspace `json:"workspace"`
	Tell      bool          `json:"tell,omitempty"`
	At        time.Time     `json:"at"`
}

type streamInput struct {
	Workspace []string `query:"workspace,explode" maxItems:"100" doc:"Workspaces to listen to; may be repeated."`
}

// Operations lists what can be done.
func (l *Live) Operations() []op.Operation {
	return []op.Operation{
		op.NewStream("events.stream", op.GET("/events"), l.stream).
			Says("Listen to changes", "Server-sent events named change: what changed, by id. One stream per browser; a heartbeat every 15 seconds; the event resync says that some were missed.").
			By(access.Session).Fails(ErrWorkspace).Hidden("agents ask instead").ThroughSignOn().Needs(access.Own),
	}
}

func (l *Live) stream(ctx context.Context, c op.Call, in *streamInput) (op.Events, error) {
	wanted := map[ref.Workspace]ref.Organization{}
	err := l.DB.View(ctx, func(tx store.ReadTx) error {
		for _, text := range in.Workspace {
			var w ref.Workspace
			if w.UnmarshalText([]byte(text)) != nil {
				return ErrWorkspace
			}
			o, ok := l.OrganizationOf(tx, w)
			if !ok || !c.Actor.Belongs(o, w) {
				return ErrWorkspace
			}
			wanted[w] = o
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	who, session := c.Actor.Identity, c.Actor.Session
	return func(ctx context.Context, send func(string, any) error) error {
		listener, stop := l.Hub.Listen(func(ch event.Change) bool { _, ok := wanted[ch.Workspace]; return ok })
		defer stop()
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-listener.Lost:
				if err := send("resync", map[string]string{}); err != nil {
					return err
				}
			case ch := <-listener.C:
				if !l.may(ctx, who, session, wanted[ch.Workspace], ch.Workspace) {
					return nil
				}
				if err := send("change", message(ch)); err != nil {
					return err
				}
			}
		}
	}, nil
}

// may says whether the listener's session and place still stand.
func (l *Live) may(ctx context.Context, who ref.Identity, session ref.Session, o ref.Organization, w ref.Workspace) bool {
	ok := false
	err := l.DB.View(ctx, func(tx store.ReadTx) error {
		a, live := l.Actor(tx, who, session)
		ok = live && a.Belongs(o, w)
		return nil
	})
	return err == nil && ok
}

func message(c event.Change) Message {
	m := Message{Kind: c.Kind, ID: c.On, Version: c.Version, Workspace: c.Workspace, Tell: c.Tell, At: c.At}
	if !c.Post.Zero() {
		m.Post = &c.Post
	}
	return m
}
