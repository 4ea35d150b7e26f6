// Package notify tells people what changed: live screens now, and whoever comes later by a list. It follows the log of events and asks, before each
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
	OwnGrant       func(tx store.ReadTx, who ref.Identity, g ref.Grant) bool // whether the staff person asked for it
}

// New makes the operations.
func New(d Deps) *Live { return &Live{d} }

// Message is one change as a screen gets to know it.
type Message struct {
	Kind         string            `json:"kind"`
	ID           string            `json:"id"`
	Post         *ref.Post         `json:"post,omitempty"`
	Version      int64             `json:"version,omitempty"`
	Organization *ref.Organization `json:"organization,omitempty" doc:"Where it concerns the organization as a whole."`
	Workspace    ref.Workspace     `json:"workspace" doc:"Empty for what concerns the organization as a whole."`
	Tell         bool              `json:"tell,omitempty"`
	At           time.Time         `json:"at"`
}

type streamInput struct {
	Workspace    []string `query:"workspace,explode" maxItems:"100" doc:"Workspaces to listen to; may be repeated."`
	Organization []string `query:"organization,explode" maxItems:"20" doc:"Organizations whose own changes to listen to, support reads among them; for those who read their audit log."`
	Grant        []string `query:"grant,explode" maxItems:"20" doc:"Grants of yours, as staff, to listen to."`
}

// Operations lists what can be done.
func (l *Live) Operations() []op.Operation {
	return []op.Operation{
		op.NewStream("events.stream", op.GET("/events"), l.stream).
			Says("Listen to changes", "Server-sent events named change: what changed, by id. One stream per browser; a heartbeat every 15 seconds; the event resync says that some were missed.").
			By(access.Session).Fails(ErrWorkspace).Hidden("agents ask instead").ThroughSignOn().Needs(access.Own),
		op.New("notices.list", op.GET("/workspaces/{workspace}/notices"), l.notices).
			Says("List what somebody had to be told", "What failed, was missed, needs a person or soon will, newest first. A week is kept.").
			Example(nil, op.Listed[Notice]{Items: []Notice{{Kind: "channel.expiring", ID: "chn_06g2p7r8k1m3v5x9z2b4d6f8h0", Words: "Fjellvik on LinkedIn: access ends in 7 days. Connect it again before."}}}).
			In(op.InWorkspace).Fails(op.ErrCursor).Needs(access.WorkspaceRead),
	}
}

func (l *Live) stream(ctx context.Context, c op.Call, in *streamInput) (op.Events, error) {
	var wish wishes
	err := l.DB.View(ctx, func(tx store.ReadTx) (err error) {
		if wish, err = l.read(tx, in); err == nil && !wish.may(tx, l, c.Actor) {
			err = ErrWorkspace
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	who, session := c.Actor.Identity, c.Actor.Session
	return func(ctx context.Context, send func(string, any) error) error {
		listener, stop := l.Hub.Listen(wish.want)
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
				if !l.still(ctx, who, session, wish.of(ch)) {
					return nil
				}
				if err := send("change", message(ch)); err != nil {
					return err
				}
			}
		}
	}, nil
}

// wishes are what one stream listens to.
type wishes struct {
	workspaces    map[ref.Workspace]ref.Organization
	organizations map[ref.Organization]bool
	grants        map[string]ref.Grant // by the id as it stands in a change
}

// read parses what is wished for; a workspace that isn't there is an error.
func (l *Live) read(tx store.ReadTx, in *streamInput) (wishes, error) {
	w := wishes{map[ref.Workspace]ref.Organization{}, map[ref.Organization]bool{}, map[string]ref.Grant{}}
	for _, text := range in.Workspace {
		var id ref.Workspace
		o, ok := ref.Organization{}, id.UnmarshalText([]byte(text)) == nil
		if ok {
			o, ok = l.OrganizationOf(tx, id)
		}
		if !ok {
			return w, ErrWorkspace
		}
		w.workspaces[id] = o
	}
	for _, text := range in.Organization {
		var id ref.Organization
		if id.UnmarshalText([]byte(text)) != nil {
			return w, ErrWorkspace
		}
		w.organizations[id] = true
	}
	for _, text := range in.Grant {
		var id ref.Grant
		if id.UnmarshalText([]byte(text)) != nil {
			return w, ErrWorkspace
		}
		w.grants[id.String()] = id
	}
	return w, nil
}

// want says whether the change is one of those wished for.
func (w wishes) want(ch event.Change) bool {
	if _, ok := w.grants[ch.On]; ok {
		return true
	}
	if ch.Workspace.Zero() {
		return w.organizations[ch.Organization]
	}
	_, ok := w.workspaces[ch.Workspace]
	return ok
}

// of narrows the wishes to the one that a change answers.
func (w wishes) of(ch event.Change) wishes {
	if g, ok := w.grants[ch.On]; ok {
		return wishes{grants: map[string]ref.Grant{ch.On: g}}
	}
	if ch.Workspace.Zero() {
		return wishes{organizations: map[ref.Organization]bool{ch.Organization: true}}
	}
	return wishes{workspaces: map[ref.Workspace]ref.Organization{ch.Workspace: w.workspaces[ch.Workspace]}}
}

// may says whether the actor may hear all that is wished for.
func (w wishes) may(tx store.ReadTx, l *Live, a access.Actor) bool {
	for id, o := range w.workspaces {
		if !a.Belongs(o, id) {
			return false
		}
	}
	for o := range w.organizations {
		if !a.MayInOrganization(access.AuditRead, o) {
			return false
		}
	}
	for _, g := range w.grants {
		if !a.Staff || !l.OwnGrant(tx, a.Identity, g) {
			return false
		}
	}
	return true
}

// still says whether the listener's session and place stand.
func (l *Live) still(ctx context.Context, who ref.Identity, session ref.Session, w wishes) bool {
	ok := false
	err := l.DB.View(ctx, func(tx store.ReadTx) error {
		a, live := l.Actor(tx, who, session)
		ok = live && w.may(tx, l, a)
		return nil
	})
	return err == nil && ok
}

func message(c event.Change) Message {
	m := Message{Kind: c.Kind, ID: c.On, Version: c.Version, Workspace: c.Workspace, Tell: c.Tell, At: c.At}
	if c.Workspace.Zero() && !c.Organization.Zero() {
		m.Organization = &c.Organization
	}
	if !c.Post.Zero() {
		m.Post = &c.Post
	}
	return m
}
