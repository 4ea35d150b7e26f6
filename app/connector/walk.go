package connector

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/base/outbound"
	"github.com/omniposto/omniposto/app/connector/text"
)

// renewedLately is how young a refreshed token is when refreshing it again can't help.
const renewedLately = 2 * time.Minute

// processingTime is when a platform that names no instant is asked again about a file it works on.
const processingTime = 10 * time.Second

// Walk takes a delivery from its first unsaved step towards its commit and sorts how that ended. It is called again
// after each wait, crash or backoff. The driver may be called from this goroutine only; Walk returns when nothing of it
// runs any more.
//
// A token that isn't accepted is refreshed once. Before the commit the walk then goes on; on the commit it ends with
// EndNotAccepted and an instant a second ahead, so that each intent stands for one sending.
func Walk(ctx context.Context, pub Publisher, d Draft, g Grip) Outcome {
	spec := pub.Spec()
	kind, ready := spec.Ready(&d)
	if !g.Unchecked && g.Doubt == nil && d.Role != Finish {
		if t := blocking(spec.Check(&d)); t != nil {
			return Outcome{End: EndRefused, Class: Rejected, Words: t.Words, Fix: t.Fix, Step: "check"}
		}
	}
	if !ready {
		return Outcome{End: EndRefused, Class: Rejected, Words: "This channel can't publish such a post.", Step: "check"}
	}
	for refreshed := false; ; refreshed = true {
		p := &Pass{Draft: &d, spec: spec, kind: kind, pub: pub, grip: &g}
		out := p.walk(ctx)
		if out.End != EndReconnect || refreshed || !p.refresh(ctx, &out) {
			return out
		}
		if p.commit != nil {
			return Outcome{End: EndNotAccepted, Class: Transient, Until: g.Clock.Now().Add(time.Second), Words: out.Words, Step: out.Step, Status: out.Status, Sent: true}
		}
	}
}

// Ready fills in what a draft leaves open: role, kind and spans. false: the Spec has no kind for it.
func (s *Spec) Ready(d *Draft) (Kind, bool) {
	if d.Role == "" {
		d.Role = Post
	}
	if d.Spans == nil {
		d.Spans = text.Find(d.Text)
	}
	if d.Role == Finish {
		k, _ := s.Kind(d.Kind)
		return k, true
	}
	k, ok := s.KindFor(d)
	if ok {
		d.Kind = k.ID
	}
	return k, ok
}

func (p *Pass) walk(ctx context.Context) (out Outcome) {
	defer func() { p.hide(&out) }()
	defer func() {
		if broke := recover(); broke != nil {
			out = p.end(ctx, Receipt{}, fmt.Errorf("%s broke: %v\n%s", p.spec.ID, broke, debug.Stack()))
		}
	}()
	if p.Draft.Role == Finish {
		f, ok := p.pub.(Finisher)
		if !ok {
			return Outcome{End: EndRefused, Class: Rejected, Words: "Nothing follows publication here.", Step: "finish"}
		}
		receipt, err := f.Finish(ctx, p)
		return p.end(ctx, receipt, err)
	}
	receipt, err := p.pub.Publish(ctx, p)
	return p.end(ctx, receipt, err)
}

// hide masks the channel's secrets in what an outcome says, whoever wrote it.
func (p *Pass) hide(out *Outcome) {
	r := newRedactor(append(p.grip.Token.plains(), plain(p.grip.App.Secret)))
	out.Words = r.words(out.Words)
	if out.Err != nil {
		out.Err = &hidden{r.clean(out.Err.Error()), out.Err}
	}
}

// hidden is an error whose text is masked; errors.Is and As still see what it is.
type hidden struct {
	text  string
	cause error
}

func (h *hidden) Error() string   { return h.text }
func (h *hidden) Is(t error) bool { return errors.Is(h.cause, t) }
func (h *hidden) As(t any) bool   { return errors.As(h.cause, t) }

// end sorts how Publish ended.
func (p *Pass) end(ctx context.Context, r Receipt, err error) Outcome {
	if p.commit != nil && p.commit.sent {
		return p.endSent(ctx, r, err)
	}
	if err == nil {
		if p.Draft.Role == Finish {
			return Outcome{End: EndPublished, Receipt: r}
		}
		err = errNoCommit
	}
	return p.endUnsent(ctx, err)
}

// endUnsent: nothing that can be seen has left.
func (p *Pass) endUnsent(ctx context.Context, err error) Outcome {
	out := Outcome{End: EndNotAccepted, Class: Transient, Err: err, Step: p.at()}
	var wait *waiting
	var f *Failed
	switch {
	case p.lost != nil, errors.Is(err, outbound.ErrLastLook):
		return Outcome{End: EndLeaseLost, Err: err, Step: p.at()}
	case ctx.Err() != nil:
		return Outcome{End: EndStopped, Err: err, Step: p.at()}
	case errors.As(err, &wait):
		return Outcome{End: EndPoll, Until: wait.until, Class: Processing, Step: p.at()}
	case errors.As(err, &f):
		out = p.failed(f, err)
		if f.Class == Processing && p.commit == nil {
			out.End = EndPoll
		}
		return out
	}
	out.Words = "Something broke here before anything was sent."
	return out
}

// failed sorts a failure that means "not accepted".
func (p *Pass) failed(f *Failed, err error) Outcome {
	out := Outcome{Class: f.Class, Until: f.Until, Words: f.Words, Fix: f.Fix, Step: f.Step, Status: f.Status, Err: err}
	if len(f.Forget) > 0 && (p.grip.Doubt == nil || p.kind.Once.By == Deterministic) {
		p.grip.Driver.Forget(f.Forget)
		if out.Class == Duplicate {
			out.Class = Transient // dead saved steps made it look like one; they run anew
		}
	}
	switch out.Class {
	case Rejected, Duplicate:
		out.End = EndRefused
	case Reconnect:
		out.End, out.Fix = EndReconnect, "reconnect"
	case Processing:
		out.End = EndNotAccepted
		if out.Until.IsZero() {
			out.Until = p.grip.Clock.Now().Add(processingTime)
		}
	case RateLimited:
		out.End = EndNotAccepted
	default:
		out.End, out.Class = EndNotAccepted, Transient
	}
	return out
}

// endSent: the commit's first byte left.
func (p *Pass) endSent(ctx context.Context, r Receipt, err error) Outcome {
	c := p.commit
	if c.failed != nil {
		return p.endRefused(ctx, c.failed, err)
	}
	var wait *waiting
	switch {
	case err == nil && (r.ID != "" || p.kind.NoID != ""):
		return Outcome{End: EndPublished, Receipt: p.received(r), Sent: true, Step: c.step}
	case errors.As(err, &wait) && wait.underway:
		return Outcome{End: EndUnderway, Until: wait.until, Sent: true, Step: c.step}
	case err == nil:
		err = fmt.Errorf("%s: the answer names no id", c.step)
	}
	return Outcome{End: EndUnsure, Class: Uncertain, Sent: true, Step: c.step, Err: err, Words: "The platform's answer doesn't say what became of the post."}
}

// WebAddress is the address if a browser may be sent there: http, https, or a page of our own. Anything else that a
// platform names, like a script, becomes empty.
func WebAddress(address string) string {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return ""
	case (u.Scheme == "https" || u.Scheme == "http") && u.Host != "":
		return address
	case u.Scheme == "" && u.Host == "" && strings.HasPrefix(address, "/") && !strings.HasPrefix(address, "/\\"):
		return address
	}
	return ""
}

// received completes a receipt: kinds without an id get the delivery's key and the channel's address.
func (p *Pass) received(r Receipt) Receipt {
	if r.ID == "" {
		r.ID = p.Draft.Key
	}
	r.Permalink = WebAddress(r.Permalink)
	if r.Permalink == "" && p.kind.NoID != "" {
		r.Permalink = p.Draft.Channel.URL
	}
	if r.At.IsZero() {
		r.At = p.grip.Clock.Now()
	}
	return r
}

// endRefused: the commit was answered, and not with a receipt.
func (p *Pass) endRefused(ctx context.Context, f *Failed, err error) Outcome {
	unsure := Outcome{End: EndUnsure, Class: Uncertain, Until: f.Until, Words: f.Words, Step: f.Step, Status: f.Status, Sent: true, Err: err}
	if f.Status == 0 || f.Class == Uncertain {
		return unsure
	}
	if f.Class == Duplicate {
		return p.endDuplicate(ctx, f, err)
	}
	out := p.failed(f, err)
	out.Sent = true
	return out
}

// endDuplicate looks first and only then tells.
func (p *Pass) endDuplicate(ctx context.Context, f *Failed, err error) Outcome {
	out := Outcome{End: EndUnsure, Class: Duplicate, Words: f.Words, Step: f.Step, Status: f.Status, Sent: true, Err: err}
	lister, lists := p.pub.(Lister)
	_, looks := p.pub.(Looker)
	if p.grip.Doubt != nil {
		if p.kind.Once.By == Ask && p.kind.Once.DuplicateProves {
			return Outcome{End: EndPublished, Receipt: p.received(Receipt{ID: f.Names}), Sent: true, Step: f.Step}
		}
		if lists || looks || p.kind.Once.By == Deterministic {
			return out
		}
	}
	if lists && p.kind.Once.By != Deterministic {
		seen, _, lookErr := p.list(ctx, lister, "look")
		if lookErr != nil {
			return out
		}
		r, ok, lookErr := p.ours(ctx, lister, seen, p.mark())
		if lookErr != nil {
			return out
		}
		if ok {
			return Outcome{End: EndPublished, Receipt: p.received(r), Sent: true, Step: f.Step}
		}
	} else if p.kind.Once.By == Deterministic {
		return out
	}
	refused := p.failed(f, err)
	refused.Sent = true
	return refused
}

// mark is what stood in the list before the commit; a walk in doubt has the first one's.
func (p *Pass) mark() []string {
	if p.grip.Doubt != nil {
		return p.grip.Doubt.Mark
	}
	return p.marked
}

// at names the step where the walk stood.
func (p *Pass) at() string {
	if p.commit != nil {
		return p.commit.step
	}
	return ""
}

// refresh renews the token once under the channel's lock. false: it didn't help, and out says so.
func (p *Pass) refresh(ctx context.Context, out *Outcome) bool {
	refresher, ok := p.pub.(Refresher)
	g := p.grip
	if !ok || g.Tokens == nil || ctx.Err() != nil {
		return false
	}
	if age := g.Clock.Now().Sub(g.Token.RenewedAt); age >= 0 && age < renewedLately {
		return false
	}
	next, err := g.Tokens.Renew(ctx, g.Token, func(ctx context.Context, kept Token) (Token, error) {
		return renew(ctx, refresher, p.spec, p.Draft.Channel, g, kept)
	})
	if err == nil {
		g.Token = next
		return true
	}
	var f *Failed
	if errors.As(err, &f) && f.Class != Reconnect && f.Class != Rejected {
		failed := p.failed(f, err)
		failed.Sent = out.Sent
		*out = failed
		return false
	}
	if ctx.Err() != nil && p.commit == nil {
		*out = Outcome{End: EndStopped, Err: err, Step: "refresh"}
	}
	return false
}

func renew(ctx context.Context, r Refresher, s *Spec, ch Channel, g *Grip, kept Token) (Token, error) {
	with := *g
	with.Token = kept
	c := newCall(s, ch, &with, "refresh")
	defer c.over.Store(true)
	next, err := r.Refresh(ctx, c)
	if err != nil {
		return Token{}, err
	}
	return kept.Renewed(next, g.Clock.Now()), nil
}

// Fingerprint is equal for drafts that a person would call the same post: twins wait for each other's doubt to end.
func Fingerprint(d *Draft) string {
	parts := []any{d.Kind, strings.Join(strings.Fields(d.Text), " ")}
	for _, m := range d.Media {
		parts = append(parts, m.ID, m.Name, m.Size)
	}
	if d.Parent != nil {
		parts = append(parts, d.Parent.ID)
	}
	return digest(parts)
}

func digest(parts []any) string {
	raw, err := json.Marshal(parts)
	if err != nil { // texts and numbers always can be
		panic(err)
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:16])
}
