package op

import (
	"context"
	"errors"

	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/event"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// errDry ends the transaction of a dry run after its answer was built. Nobody but Do and package api may know it.
var errDry = errors.New("dry run")

// Do runs fn in one transaction of the store. With dry_run the answer is built and nothing kept. With an
// Idempotency-Key the answer is kept in the same transaction. fn may run more than once and must start anew each time.
func Do[Out any](ctx context.Context, db *store.DB, c Call, fn func(tx store.Tx) (*Out, error)) (*Out, error) {
	var out *Out
	err := db.Update(ctx, func(tx store.Tx) error {
		*c.wrote = false
		got, err := fn(tx)
		if err != nil {
			return err
		}
		if c.Meta != nil && len(c.Meta.Actions) > 0 && !*c.wrote {
			return ErrAudit.Because(errors.New(c.Meta.ID + " changed something without an audit event"))
		}
		out = got
		if c.DryRun {
			return errDry
		}
		return c.idempotency.keep(tx, c, got)
	})
	if errors.Is(err, errDry) {
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Act is one change as the audit log and the live screens get to know it.
type Act struct {
	Action  audit.Action
	On      audit.Thing
	Changed []string
	Values  map[string]string
	Private map[string]string
	Why     audit.Why
	Read    *audit.Read
	Result  audit.Result

	Organization ref.Organization // whose log; the call's when zero. Instance says that it is the instance's
	Instance     bool
	Change       event.Change // Kind empty: the action's name
	Quiet        bool         // nothing changes on any screen
}

// Write records the act in the audit log and in the log of changes, in the transaction that makes it. It returns the
// event's id.
func Write(tx store.Tx, c Call, a Act) ref.Event {
	o := a.Organization
	if o.Zero() && !a.Instance {
		o = c.Organization
	}
	if a.Result == "" {
		a.Result = audit.OK
	}
	if a.On.Workspace == "" {
		a.On.Workspace = c.Workspace.String()
	}
	id := audit.Append(tx, o, audit.Event{Action: a.Action, Actor: c.AuditActor(o), On: a.On, Result: a.Result, Changed: a.Changed,
		Values: a.Values, Why: a.Why, Read: a.Read, From: c.From, Private: a.Private})
	*c.wrote = true
	if a.Quiet {
		return id
	}
	ch := a.Change
	if ch.Kind == "" {
		ch.Kind = string(a.Action)
	}
	if ch.On == "" {
		ch.On = a.On.ID
	}
	if ch.Organization.Zero() {
		ch.Organization = o
	}
	if ch.Workspace.Zero() {
		ch.Workspace = c.Workspace
	}
	event.Append(tx, ch)
	return id
}

// Unrecorded says that this run of an auditing operation changed nothing worth an event, like the autosave of a draft
// whose editing session is already in the log.
func Unrecorded(c Call) { *c.wrote = true }
