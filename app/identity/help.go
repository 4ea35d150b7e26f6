package identity

import (
	"context"
	"errors"
	"time"

	"github.com/omniposto/omniposto/app/access"
	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/base/fail"
	"github.com/omniposto/omniposto/app/base/random"
	"github.com/omniposto/omniposto/app/mail"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/organization"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

var recoveries = store.Table[Recovery]{Name: "recovery_case", Version: 1, Holds: store.PersonalData,
	Key: func(r Recovery) store.Key { return store.K(r.Identity, r.ID) },
	Indexes: []store.Index[Recovery]{{Name: "open", Version: 1, Only: Recovery.open,
		Key: func(r Recovery) store.Key { return store.K(r.EndsAt, r.ID) }}}}

// The errors of lost factors.
var (
	ErrRecoveryWaits = fail.Conflict("recovery_waits", "This recovery isn't ready yet: everybody concerned has 72 hours to stop it.")
	ErrNoRecovery    = fail.NotFound("not_found", "There is no such recovery, or it is over.")
	ErrNoHelp        = fail.Conflict("no_helpers", "Nobody can help here: it takes two other owners or admins of your only organization. Ask an administrator of this server to start a recovery.")
	ErrOwnRecovery   = fail.Forbidden("own_recovery", "Two other people have to approve this, once each.")
)

// RecoveryView is a recovery in the API.
type RecoveryView struct {
	ID         ref.Recovery  `json:"id"`
	Name       string        `json:"name"`
	Email      string        `json:"email"`
	State      RecoveryState `json:"state" enum:"requested,approved_once,waiting,ready,used,stopped,lapsed"`
	Approvals  int           `json:"approvals" doc:"Of two."`
	StartedAt  time.Time     `json:"started_at"`
	ReadyAt    *time.Time    `json:"ready_at,omitempty" doc:"From when the factors can be removed."`
	EndsAt     time.Time     `json:"ends_at" doc:"It lapses then."`
	MayApprove bool          `json:"may_approve" doc:"Your yes counts: it waits for one, isn't about you, and you haven't said it."`
}

// RecoveryStarted is the answer of recovery.start.
type RecoveryStarted struct {
	ReadyAt time.Time `json:"ready_at"`
	Link    string    `json:"link,omitempty" doc:"Where the person chooses a new password after the wait; only when no mail is set up, to be passed on by hand."`
}

type recoveryStart struct {
	Body struct {
		Email string `json:"email" minLength:"3" maxLength:"254"`
	}
}

// RecoveryPath is the part of a path that names the recovery.
type RecoveryPath struct {
	op.OrganizationPath
	Recovery ref.Recovery `path:"recovery" maxLength:"40" doc:"The recovery's id."`
}

func (s *Identities) helpOperations() []op.Operation {
	view := RecoveryView{Name: "Tom Okafor", Email: "tom@halden.example", State: RecoveryRequested}
	return []op.Operation{
		op.New("recovery.help", op.POST("/recovery/help"), s.askHelp).
			Says("Ask for help with a lost second factor", "After the password was right: two other owners or admins of your organization can let you remove your factors. Asking again answers where it stands.").
			Example(nil, view).Costs(op.SignIn).NoDryRun("others are told").Audits("recovery.requested").Fails(ErrNoSignIn, ErrNoHelp).
			Hidden("only a person signs in").Public("the session isn't anybody's before"),
		op.New("recovery.remove_factors", op.POST("/recovery/factors"), s.removeFactors).
			Says("Remove your lost factors", "After the password was right and the recovery is ready: removes all your factors and recovery codes, ends all other sessions and signs in.").
			Example(nil, exampleMe).Costs(op.SignIn).NoDryRun("it uses the recovery up").Audits("factor.removed", "session.began").Fails(ErrNoSignIn, ErrRecoveryWaits, ErrNoRecovery).
			Hidden("only a person signs in").Public("the session isn't anybody's before"),
		op.New("recovery.list", op.GET("/organizations/{organization}/recoveries"), s.listRecoveries).
			Says("List recoveries of members", "Members who lost their second factor and are about to remove it. Any of them can be stopped.").
			Example(nil, op.Listed[RecoveryView]{Items: []RecoveryView{view}}).In(op.InOrganization).By(access.Session).Hidden("only a person decides on it").Needs(access.MembersWrite),
		op.New("recovery.approve", op.POST("/organizations/{organization}/recoveries/{recovery}/approve"), s.approveRecovery).
			Says("Help a member who lost a second factor", "The second of two approvals lets the person remove their own factors, after the password. Be sure that it is they who ask.").
			Example(nil, view).In(op.InOrganization).By(access.Session).Fresh(stepUpLife).Bound().Audits("recovery.approved").Fails(ErrNoRecovery, ErrNoHelp, ErrOwnRecovery).
			Hidden("only a person decides on it").Needs(access.MembersWrite),
		op.New("recovery.stop", op.POST("/organizations/{organization}/recoveries/{recovery}/stop"), s.stopRecovery).
			Says("Stop a recovery", "The factors stay as they are.").
			Example(nil, view).In(op.InOrganization).By(access.Session).Audits("recovery.stopped").Fails(ErrNoRecovery).Hidden("only a person decides on it").Needs(access.MembersWrite),
		op.New("recovery.stop_own", op.DELETE("/me/recovery"), s.stopOwn).
			Says("Stop a recovery of your sign-in", "Somebody asked to remove your second factor, and it wasn't you: it stays.").
			By(access.Session).Audits("recovery.stopped").Fails(ErrNoRecovery).Hidden("only a person decides on it").Needs(access.Own),
		op.New("recovery.start", op.POST("/instance/recoveries"), s.startRecovery).
			Says("Start the recovery of a person's sign-in", "For who lost everything. After 72 hours the person may choose a new password and remove their factors. They and all owners of their organizations are told, and any of them can stop it. The answer is the same for an unknown address.").
			Example(map[string]any{"email": "tom@halden.example"}, RecoveryStarted{}).
			In(op.InstanceScope).By(access.Session).Creates().ShowsSecret().Fresh(stepUpLife).NoDryRun("people are told").Audits("recovery.started").
			Hidden("only a person decides on it").Needs(access.Administer),
	}
}

// recoveryView is the recovery as somebody sees it.
func recoveryView(tx store.ReadTx, r Recovery, who ref.Identity) RecoveryView {
	i, _ := Get(tx, r.Identity)
	r = r.at(tx.Now())
	_, mayApprove := r.after(recoveryApprove, who, tx.Now())
	v := RecoveryView{ID: r.ID, Name: i.Name, Email: i.Email, State: r.State, Approvals: len(r.Approvals), StartedAt: r.StartedAt, EndsAt: r.EndsAt, MayApprove: mayApprove}
	if !r.ReadyAt.IsZero() {
		v.ReadyAt = &r.ReadyAt
	}
	return v
}

// openOf lists what is open of the person's recoveries.
func openOf(tx store.ReadTx, id ref.Identity) []Recovery {
	var out []Recovery
	for _, r := range recoveries.All(tx, store.Range{Prefix: store.K(id)}) {
		if r.at(tx.Now()).open() {
			out = append(out, r)
		}
	}
	return out
}

// half finds the session that waits for its second factor, and whose it is.
func half(tx store.ReadTx, c op.Call) (Session, Identity, error) {
	sess, ok := byToken(tx, c.SessionToken)
	i, exists := Get(tx, sess.Identity)
	if !ok || !exists || !sess.Waiting || sess.over(tx.Now(), true) {
		return Session{}, Identity{}, ErrNoSignIn
	}
	return sess, i, nil
}

func (s *Identities) askHelp(ctx context.Context, c op.Call, _ *op.None) (*RecoveryView, error) {
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*RecoveryView, error) {
		_, i, err := half(tx, c)
		if err != nil {
			return nil, err
		}
		for _, r := range openOf(tx, i.ID) {
			v := recoveryView(tx, r, i.ID)
			op.Unrecorded(c)
			return &v, nil
		}
		o, ok := helpers(tx, i)
		if !ok {
			return nil, ErrNoHelp
		}
		r := helpFrom(Recovery{Identity: i.ID, ID: ref.Mint[ref.Recovery](tx.Now())}, o, tx.Now())
		recoveries.Put(tx, r)
		s.noise(tx, c, "recovery.requested", r)
		about := map[string]string{"who": i.Name, "until": stamp(r.EndsAt)}
		if err := s.tell(tx, i, mail.RecoveryStarted, about, s.Page("/recoveries", "")); err != nil {
			return nil, err
		}
		v := recoveryView(tx, r, i.ID)
		return &v, s.tellOwners(tx, i, mail.RecoveryStarted, about, s.Page("/recoveries", ""))
	})
}

// helpers finds the organization whose owners and admins may help: the only one that the person belongs to. Those of one
// organization never decide over what opens another, or this server.
func helpers(tx store.ReadTx, i Identity) (ref.Organization, bool) {
	in := organization.MembershipsOf(tx, i.ID)
	if len(in) != 1 || i.Administrator || i.Staff != "" {
		return ref.Organization{}, false
	}
	return in[0].Organization, len(organization.Managers(tx, in[0].Organization, i.ID)) >= recoveryHelpers
}

// noise records what happens to a recovery so that screens which show it follow.
func (s *Identities) noise(tx store.Tx, c op.Call, action audit.Action, r Recovery) {
	on := audit.Thing{Kind: "recovery", ID: r.ID.String()}
	values := map[string]string{"state": string(r.State)}
	op.Write(tx, c, op.Act{Action: action, On: on, Values: values, Instance: true, Quiet: true})
	for _, m := range organization.MembershipsOf(tx, r.Identity) {
		op.Write(tx, c, op.Act{Action: action, On: on, Values: values, Organization: m.Organization})
	}
}

func (s *Identities) removeFactors(ctx context.Context, c op.Call, _ *op.None) (*Me, error) {
	var token string
	out, err := op.Do(ctx, s.DB, c, func(tx store.Tx) (*Me, error) {
		sess, i, err := half(tx, c)
		if err != nil {
			return nil, err
		}
		err = ErrNoRecovery
		for _, r := range openOf(tx, i.ID) {
			if r = r.at(tx.Now()); r.State != RecoveryReady {
				err = ErrRecoveryWaits.With("until", r.ReadyAt)
				continue
			}
			if err = s.useRecovery(tx, c, r.ID, i); err == nil {
				break
			}
		}
		if err != nil {
			return nil, err
		}
		endOthers(tx, i.ID, sess.ID)
		sess.Waiting = false
		sess, token = rotate(tx, sess)
		return s.arrive(tx, c, sess)
	})
	if err == nil {
		c.SetCookie(cookie(token, c.Secure))
	}
	return out, err
}

// useRecovery takes all factors off that the person lost.
func (s *Identities) useRecovery(tx store.Tx, c op.Call, id ref.Recovery, i Identity) error {
	r, ok := recoveries.Get(tx, store.K(i.ID, id))
	if !ok {
		return ErrNoRecovery
	}
	if r, ok = r.after(recoveryUse, i.ID, tx.Now()); !ok {
		return ErrRecoveryWaits.With("until", r.ReadyAt)
	}
	recoveries.Put(tx, r)
	for _, other := range openOf(tx, i.ID) { // nothing is left that they could be for
		other, _ = other.after(recoveryStop, i.ID, tx.Now())
		recoveries.Put(tx, other)
	}
	unlink(tx, i.ID, toRecoverAll)
	var keys []store.Key
	for key := range factors.All(tx, store.Range{Prefix: store.K(i.ID)}) {
		keys = append(keys, key)
	}
	for _, key := range keys {
		factors.Delete(tx, key)
	}
	for _, p := range passkeysOf(tx, i.ID) {
		passkeys.Delete(tx, store.K(i.ID, p.ID))
	}
	recovery.Delete(tx, store.K(i.ID))
	right(tx, "factor", i.ID.String())
	record(tx, c, "factor.removed", i.ID, audit.OK, op.Act{Values: map[string]string{"state": string(r.State)}})
	about := map[string]string{"who": i.Name, "at": stamp(tx.Now())}
	return errors.Join(s.tell(tx, i, mail.Recovered, about, ""), s.tellOwners(tx, i, mail.Recovered, about, ""))
}

func (s *Identities) listRecoveries(ctx context.Context, c op.Call, _ *op.OrganizationPath) (*op.Listed[RecoveryView], error) {
	return op.View(ctx, s.DB, func(tx store.ReadTx) (*op.Listed[RecoveryView], error) {
		out := &op.Listed[RecoveryView]{Items: []RecoveryView{}}
		for _, r := range recoveries.By(tx, "open", store.Range{}) {
			if r = r.at(tx.Now()); r.open() && organization.Belongs(tx, c.Organization, r.Identity) {
				out.Items = append(out.Items, recoveryView(tx, r, c.Actor.Identity))
			}
		}
		return out, nil
	})
}

// openIn finds an open recovery of a member.
func openIn(tx store.ReadTx, o ref.Organization, id ref.Recovery) (Recovery, bool) {
	for _, r := range recoveries.By(tx, "open", store.Range{}) {
		if r.ID == id {
			return r, organization.Belongs(tx, o, r.Identity)
		}
	}
	return Recovery{}, false
}

func (s *Identities) approveRecovery(ctx context.Context, c op.Call, in *RecoveryPath) (*RecoveryView, error) {
	return s.moveRecovery(ctx, c, in, recoveryApprove, "recovery.approved")
}

func (s *Identities) stopRecovery(ctx context.Context, c op.Call, in *RecoveryPath) (*RecoveryView, error) {
	return s.moveRecovery(ctx, c, in, recoveryStop, "recovery.stopped")
}

func (s *Identities) moveRecovery(ctx context.Context, c op.Call, in *RecoveryPath, e recoveryEvent, action audit.Action) (*RecoveryView, error) {
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*RecoveryView, error) {
		r, ok := openIn(tx, c.Organization, in.Recovery)
		if !ok || e == recoveryApprove && r.Organization != c.Organization {
			return nil, ErrNoRecovery
		}
		if who, _ := Get(tx, r.Identity); e == recoveryApprove {
			if _, ok := helpers(tx, who); !ok { // the person belongs to more by now
				return nil, ErrNoHelp
			}
		}
		now := r.at(tx.Now())
		next, ok := r.after(e, c.Actor.Identity, tx.Now())
		switch {
		case !ok && now.open() && now.State != RecoveryReady:
			return nil, ErrOwnRecovery
		case !ok:
			return nil, ErrNoRecovery
		}
		recoveries.Put(tx, next)
		s.noise(tx, c, action, next)
		v := recoveryView(tx, next, c.Actor.Identity)
		return &v, nil
	})
}

func (s *Identities) stopOwn(ctx context.Context, c op.Call, _ *op.None) (*op.None, error) {
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*op.None, error) {
		list := openOf(tx, c.Actor.Identity)
		if len(list) == 0 {
			return nil, ErrNoRecovery
		}
		for _, r := range list {
			next, _ := r.after(recoveryStop, c.Actor.Identity, tx.Now())
			recoveries.Put(tx, next)
			s.noise(tx, c, "recovery.stopped", next)
		}
		return &op.None{}, nil
	})
}

func (s *Identities) startRecovery(ctx context.Context, c op.Call, in *recoveryStart) (*RecoveryStarted, error) {
	return s.StartRecovery(ctx, c, in.Body.Email)
}

// StartRecovery begins the wait of 72 hours. It only begins it: nothing of the person's sign-in changes now.
func (s *Identities) StartRecovery(ctx context.Context, c op.Call, email string) (*RecoveryStarted, error) {
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*RecoveryStarted, error) {
		i, ok := byEmail(tx, email)
		r := waitOut(Recovery{Identity: i.ID, ID: ref.Mint[ref.Recovery](tx.Now())}, tx.Now())
		out := &RecoveryStarted{ReadyAt: r.ReadyAt}
		token := random.Text(32) // of nobody
		if ok {
			for _, there := range openOf(tx, i.ID) {
				if there.Organization.Zero() {
					r, out.ReadyAt = there, there.ReadyAt // asking again doesn't begin the wait anew
				}
			}
			recoveries.Put(tx, r)
			unlink(tx, i.ID, toRecoverAll)
			token = linked(tx, link{Purpose: toRecoverAll, Identity: i.ID, Recovery: r.ID, ExpiresAt: r.EndsAt})
			s.noise(tx, c, "recovery.started", r)
			about := map[string]string{"who": i.Name, "until": stamp(r.ReadyAt)}
			if err := errors.Join(s.tell(tx, i, mail.RecoveryStarted, about, s.Page("/recoveries", "")),
				s.tellOwners(tx, i, mail.RecoveryStarted, about, s.Page("/recoveries", ""))); err != nil {
				return nil, err
			}
		} else {
			op.Write(tx, c, op.Act{Action: "recovery.started", On: audit.Thing{Kind: "recovery", ID: r.ID.String()}, Values: map[string]string{"state": string(r.State)}, Instance: true, Quiet: true})
		}
		if !s.Mail.Enabled() {
			out.Link = s.Page("/recover", "token="+token)
		}
		return out, nil
	})
}

// TendRecoveries writes down what time alone did: a wait that is over, or a recovery that nobody used. With mail set up
// the person then gets the link.
func (s *Identities) TendRecoveries(ctx context.Context) error {
	none := true
	err := s.DB.View(ctx, func(tx store.ReadTx) error { none = len(movedByTime(tx)) == 0; return nil })
	if err != nil || none {
		return err
	}
	defer s.Mail.Poke()
	return s.DB.Update(ctx, func(tx store.Tx) error {
		for _, r := range movedByTime(tx) {
			recoveries.Put(tx, r)
			recordSystem(tx, audit.Action("recovery."+string(r.State)), r.Identity)
			i, ok := Get(tx, r.Identity)
			if !ok || r.State != RecoveryReady || !s.Mail.Enabled() {
				continue
			}
			unlink(tx, i.ID, toRecoverAll)
			token := linked(tx, link{Purpose: toRecoverAll, Identity: i.ID, Recovery: r.ID, ExpiresAt: r.EndsAt})
			if err := s.tell(tx, i, mail.RecoveryReady, map[string]string{"until": stamp(r.EndsAt)}, s.Page("/recover", "token="+token)); err != nil {
				return err
			}
		}
		return nil
	})
}

// movedByTime lists the recoveries that stand elsewhere by now than they did.
func movedByTime(tx store.ReadTx) []Recovery {
	var out []Recovery
	for _, r := range recoveries.By(tx, "open", store.Range{}) {
		if now := r.at(tx.Now()); now.State != r.State {
			out = append(out, now)
		}
	}
	return out
}

// recordSystem writes what the product itself did to a sign-in.
func recordSystem(tx store.Tx, action audit.Action, id ref.Identity) {
	e := audit.Event{Action: action, Actor: audit.Actor{Kind: "system"}, On: audit.Thing{Kind: "identity", ID: id.String()}, Result: audit.OK}
	audit.Append(tx, ref.Organization{}, e)
	for _, m := range organization.MembershipsOf(tx, id) {
		audit.Append(tx, m.Organization, e)
	}
}
