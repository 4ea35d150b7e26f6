package publish

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/delivery"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// kit is the Walker of the product.
type kit struct{}

func (kit) Walk(ctx context.Context, p connector.Publisher, d connector.Draft, g connector.Grip) connector.Outcome {
	return connector.Walk(ctx, p, d, g)
}

func (kit) Reconcile(ctx context.Context, p connector.Publisher, d connector.Draft, g connector.Grip) connector.Outcome {
	return connector.Reconcile(ctx, p, d, g)
}

// walk takes one claimed delivery as far as it goes now, and writes down where that is.
func (r *Runner) walk(ctx context.Context, d delivery.Delivery) {
	defer r.finished(d)
	v := r.driver(d)
	o := r.run(ctx, v)
	if o.Err != nil {
		r.Log.Info("walk ended", "delivery", d.ID, "end", o.End, "class", o.Class, "step", o.Step, "error", o.Err)
	}
	if err := v.settleOutcome(context.WithoutCancel(ctx), o); err != nil {
		r.Log.Error("write the end of a walk", "delivery", d.ID, "end", o.End, "error", err)
	}
}

// run opens what the walk needs and walks, or looks first where the delivery is in doubt.
func (r *Runner) run(ctx context.Context, v *driver) connector.Outcome {
	load, err := r.Source.Open(ctx, v.was)
	if err != nil {
		return troubled(v, err)
	}
	if load.Close != nil {
		defer load.Close()
	}
	draft, grip, err := r.prepare(ctx, v, load)
	if err != nil {
		return troubled(v, err)
	}
	if v.was.State == delivery.Reconciling {
		o := r.Walker.Reconcile(ctx, load.Connector, draft, grip)
		if o.End != connector.EndResend {
			return o
		}
	}
	return r.Walker.Walk(ctx, load.Connector, draft, grip)
}

// prepare completes the draft and the grip.
func (r *Runner) prepare(ctx context.Context, v *driver, load Load) (connector.Draft, connector.Grip, error) {
	d, g, was := load.Draft, load.Grip, v.was
	d.Key, d.At = Key(was.ID, was.Round), was.FirstAt.Time()
	if d.Role == "" {
		d.Role = connector.Role(was.Role)
	}
	if err := v.unseal(ctx); err != nil {
		return d, g, err
	}
	if !was.Parent.Zero() {
		if err := r.ancestors(ctx, was, &d); err != nil {
			return d, g, err
		}
	}
	if g.Clock == nil {
		g.Clock = r.Clock
	}
	v.learn(load, d)
	g.Driver, g.Known = v, v.known(ctx)
	if was.InDoubt() {
		g.Doubt = &connector.Intent{Fingerprint: was.Fingerprint, Mark: was.Mark, MarkAt: was.MarkAt.Time()}
	}
	return d, g, v.renew(ctx)
}

// learn takes what the Spec says about this kind of post.
func (v *driver) learn(load Load, d connector.Draft) {
	spec := load.Connector.Spec()
	kind, _ := spec.Ready(&d)
	v.once, v.settle, v.call = kind.Once, spec.SettleTime(d.Kind), spec.CallTime(&d)
	_, v.lists = load.Connector.(connector.Lister)
	v.quotas, v.limits = quotas(v.was, spec, load)
	v.places = append(v.places, load.Beside...)
}

// ancestors gives a reply what it replies to, and the first of the thread.
func (r *Runner) ancestors(ctx context.Context, d delivery.Delivery, draft *connector.Draft) error {
	return r.Store.View(ctx, func(tx store.ReadTx) error {
		draft.Parent, draft.Root = nil, nil
		for up := d.Parent; !up.Zero(); {
			p, err := r.Deliveries.Get(tx, d.Organization, d.Workspace, up)
			if err != nil {
				return fmt.Errorf("read what it follows: %w", err)
			}
			receipt := receiptOf(p.Receipt)
			if draft.Parent == nil {
				draft.Parent = &receipt
			}
			draft.Root, up = &receipt, p.Parent
		}
		return nil
	})
}

// known says whether a remote post belongs to another delivery to the same place. What can't be read counts as known: a
// look that finds nothing is repeated, a wrong find isn't.
func (v *driver) known(ctx context.Context) func(string) bool {
	return func(remote string) (yes bool) {
		err := v.r.Store.View(ctx, func(tx store.ReadTx) error {
			yes = v.r.Deliveries.KnownRemote(tx, v.places, remote, v.was.ID)
			return nil
		})
		return yes || err != nil
	}
}

// troubled is the outcome of a walk that couldn't begin.
func troubled(v *driver, err error) connector.Outcome {
	o := connector.Outcome{End: connector.EndNotAccepted, Class: connector.Transient, Err: err,
		Words: "The post couldn't be made ready for sending."}
	var t *Trouble
	if errors.As(err, &t) {
		o.Class, o.Words, o.Fix, o.Until = t.Class, t.Words, t.Fix, t.Until
		switch t.Class {
		case connector.Reconnect:
			o.End = connector.EndReconnect
		case connector.Rejected:
			o.End = connector.EndRefused
		}
	}
	if errors.Is(err, connector.ErrLeaseLost) {
		o.End = connector.EndLeaseLost
	}
	return o
}

// Key is what the platform knows a delivery's round by: machine retries keep it, a person's retry or edit changes it.
func Key(id ref.Delivery, round int64) string {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(id[:], uint64(round))) //nolint:gosec // counts from 1
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:20]))
}

func receiptOf(r delivery.Remote) connector.Receipt {
	return connector.Receipt{ID: r.ID, Permalink: r.Permalink, At: r.At.Time(), More: r.More}
}

func remoteOf(r connector.Receipt) delivery.Remote {
	return delivery.Remote{ID: r.ID, Permalink: r.Permalink, At: delivery.At(r.At), More: r.More}
}
