package identity

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/omniposto/omniposto/app/access"
	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/base/random"
	"github.com/omniposto/omniposto/app/mail"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/organization"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// What an identity may be to support. Everybody else has neither word.
const (
	StaffActive   = "active"
	StaffInactive = "inactive"
)

const (
	staffFresh     = 5 * time.Minute
	staffInvitedOn = 7 * 24 * time.Hour
)

// welcome lets somebody who was made staff choose a password. Only the hash of its token is kept.
type welcome struct {
	Identity  ref.Identity `cbor:"1,keyasint"`
	Token     []byte       `cbor:"2,keyasint"` // SHA-256
	ExpiresAt time.Time    `cbor:"3,keyasint"`
	Mailed    bool         `cbor:"4,keyasint,omitempty"` // the link went to the address alone
}

var welcomes = store.Table[welcome]{Name: "staff_welcome", Version: 1, Holds: store.SecretMaterial,
	Key: func(w welcome) store.Key { return store.K(w.Identity) },
	Indexes: []store.Index[welcome]{{Name: "token", Version: 1,
		Key: func(w welcome) store.Key { return store.K(w.Token, w.Identity) }}}}

// StaffView is one of the staff as administrators see them.
type StaffView struct {
	ID           ref.Identity `json:"id"`
	Name         string       `json:"name"`
	Email        string       `json:"email"`
	Active       bool         `json:"active"`
	Joined       bool         `json:"joined" doc:"Has a sign-in, so the invitation was accepted."`
	SecondFactor bool         `json:"second_factor" doc:"Without one nobody can ask for support access."`
	Version      int64        `json:"version"`
}

// StaffAdded is the answer of staff.add.
type StaffAdded struct {
	Member ref.Identity `json:"member"`
	Link   string       `json:"link,omitempty" doc:"Where they choose a password; only when no mail is set up, to be passed on by hand."`
}

type staffInput struct {
	Body struct {
		Email string `json:"email" format:"email" maxLength:"254"`
		Name  string `json:"name" minLength:"1" maxLength:"100"`
	}
}

// StaffPath is the part of a path that names one of the staff.
type StaffPath struct {
	Member ref.Identity `path:"member" maxLength:"40" doc:"The person's id."`
}

type staffChange struct {
	StaffPath
	Body struct {
		Active bool `json:"active"`
	}
}

func (s *Identities) staffOperations() []op.Operation {
	view := StaffView{Name: "Ada Brandt", Email: "ada@support.example", Active: true, Joined: true, SecondFactor: true, Version: 2}
	return []op.Operation{
		op.New("staff.list", op.GET("/instance/staff"), s.listStaff).
			Says("List the staff", "Who may ask customers for support access on this server, active or not.").Example(nil, op.Listed[StaffView]{Items: []StaffView{view}}).
			In(op.InstanceScope).By(access.Session).Needs(access.Administer),
		op.New("staff.add", op.POST("/instance/staff"), s.addStaff).
			Says("Add staff", "Makes a person staff. They see nothing of a customer until that customer approves a request of theirs.").
			Example(map[string]any{"email": "ada@support.example", "name": "Ada Brandt"}, StaffAdded{}).
			In(op.InstanceScope).By(access.Session).Creates().ShowsSecret().Fresh(staffFresh).Audits("staff.added").Fails(ErrStaffThere).
			Hidden("only a person gives power over others").Needs(access.Administer),
		op.New("staff.update", op.PATCH("/instance/staff/{member}"), s.updateStaff).
			Says("Stop or resume staff", "An inactive person asks and reads nothing from the next request on; their open grants end.").
			Example(map[string]any{"active": false}, view).
			In(op.InstanceScope).By(access.Session).Fresh(staffFresh).Audits("staff.changed").Fails(ErrNoStaff).
			Hidden("only a person gives power over others").Needs(access.Administer),
	}
}

func staffView(tx store.ReadTx, i Identity) StaffView {
	return StaffView{ID: i.ID, Name: i.Name, Email: i.Email, Active: i.Staff == StaffActive, Joined: i.Password != "",
		SecondFactor: HasFactor(tx, i.ID), Version: i.Version}
}

func (s *Identities) listStaff(ctx context.Context, _ op.Call, _ *op.None) (*op.Listed[StaffView], error) {
	return op.View(ctx, s.DB, func(tx store.ReadTx) (*op.Listed[StaffView], error) {
		out := &op.Listed[StaffView]{Items: []StaffView{}}
		for _, i := range identities.By(tx, "staff", store.Range{}) {
			out.Items = append(out.Items, staffView(tx, i))
		}
		return out, nil
	})
}

// addStaff makes a new person, who chooses a password by the link, or gives the role to somebody who signs in already.
// Whoever hasn't used their link may be added again: the new one replaces it.
func (s *Identities) addStaff(ctx context.Context, c op.Call, in *staffInput) (*StaffAdded, error) {
	token := random.Text(32)
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*StaffAdded, error) {
		i, known := byEmail(tx, in.Body.Email)
		switch {
		case known && i.Staff != "" && !neverCame(tx, i):
			return nil, ErrStaffThere.At("/email", "this person is staff already; resume them instead")
		case !known:
			i = newIdentity(tx, in.Body.Name, in.Body.Email, "", "")
		}
		comes := !known || i.Staff != "" // who never came gets a new link
		i.Staff = StaffActive
		i.Version++
		identities.Put(tx, i)
		endOthers(tx, i.ID, ref.Session{})
		out := &StaffAdded{Member: i.ID}
		if comes {
			hash := sha256.Sum256([]byte(token))
			welcomes.Put(tx, welcome{Identity: i.ID, Token: hash[:], ExpiresAt: tx.Now().Add(staffInvitedOn), Mailed: s.Mail.Enabled()})
			link := s.Link(token)
			if s.Mail.Enabled() {
				by, _ := Get(tx, c.Actor.Identity)
				if err := s.Mail.Queue(tx, mail.Letter{Kind: mail.StaffInvitation, To: i.Email, Name: i.Name, Data: map[string]string{"by": by.Name}, Link: link}); err != nil {
					return nil, err
				}
			} else {
				out.Link = link
			}
		}
		op.Write(tx, c, op.Act{Action: "staff.added", On: audit.Thing{Kind: "identity", ID: i.ID.String()}, Instance: true, Private: map[string]string{"email": i.Email}})
		return out, nil
	})
}

// neverCame says that there is no way yet in which this person could have signed in.
func neverCame(tx store.ReadTx, i Identity) bool {
	for range logins.By(tx, "identity", store.Range{Prefix: store.K(i.ID)}) {
		return false
	}
	return i.Password == "" && len(passkeysOf(tx, i.ID)) == 0
}

func (s *Identities) updateStaff(ctx context.Context, c op.Call, in *staffChange) (*StaffView, error) {
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*StaffView, error) {
		i, ok := Get(tx, in.Member)
		if !ok || i.Staff == "" {
			return nil, ErrNoStaff
		}
		state := StaffInactive
		if in.Body.Active {
			state = StaffActive
		}
		if i.Staff = state; state == StaffInactive {
			endOthers(tx, i.ID, ref.Session{})
		}
		i.Version++
		identities.Put(tx, i)
		if s.StaffStopped != nil && state == StaffInactive {
			if err := s.StaffStopped(tx, i.ID); err != nil {
				return nil, err
			}
		}
		op.Write(tx, c, op.Act{Action: "staff.changed", On: audit.Thing{Kind: "identity", ID: i.ID.String()}, Instance: true, Values: map[string]string{"state": state}})
		v := staffView(tx, i)
		return &v, nil
	})
}

// welcomed finds the person whom a link of staff.add lets in.
func welcomed(tx store.ReadTx, token string) (Identity, time.Time, bool) {
	hash := sha256.Sum256([]byte(token))
	for _, w := range welcomes.By(tx, "token", store.Range{Prefix: store.K(hash[:])}) {
		i, ok := Get(tx, w.Identity)
		return i, w.ExpiresAt, ok && tx.Now().Before(w.ExpiresAt) && i.Staff == StaffActive
	}
	return Identity{}, time.Time{}, false
}

// settle gives a welcomed person their password and signs them in.
func (s *Identities) settle(ctx context.Context, c op.Call, b acceptInput) (*Me, error) {
	var who Identity
	err := s.DB.View(ctx, func(tx store.ReadTx) error { who, _, _ = welcomed(tx, b.Body.Token); return nil })
	if err != nil {
		return nil, err
	}
	if c.Actor.Kind == access.Session {
		return nil, ErrOtherEmail
	}
	if err := CheckPassword(b.Body.Password, true, who.Name, who.Email); err != nil {
		return nil, err
	}
	hash := s.hasher.Hash(b.Body.Password)
	var token string
	out, err := op.Do(ctx, s.DB, c, func(tx store.Tx) (*Me, error) {
		i, _, ok := welcomed(tx, b.Body.Token)
		if !ok {
			return nil, organization.ErrInvitation
		}
		if w, ok := welcomes.Get(tx, store.K(i.ID)); ok && w.Mailed {
			i.EmailVerified = true
		}
		welcomes.Delete(tx, store.K(i.ID))
		if b.Body.Name != "" {
			i.Name = b.Body.Name
		}
		i.Password, i.PasswordAt, i.Version = hash, tx.Now(), i.Version+1
		identities.Put(tx, i)
		var sess Session
		leave(tx, c)
		sess, token = begin(tx, i.ID, c.From.Agent, c.From.Prefix)
		if err := s.seen(tx, c, i); err != nil {
			return nil, err
		}
		a, ok := s.actorOf(tx, sess)
		if !ok {
			return nil, ErrNoSignIn
		}
		c.Actor, c.Via = a, "session"
		op.Write(tx, c, op.Act{Action: "invitation.accepted", On: audit.Thing{Kind: "identity", ID: i.ID.String()}, Instance: true})
		return s.me(tx, a)
	})
	if err == nil {
		c.SetCookie(cookie(token, c.Secure))
	}
	return out, err
}
