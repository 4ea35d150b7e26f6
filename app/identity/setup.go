package identity

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/omniposto/omniposto/app/access"
	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/base/random"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/organization"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/app/schedule"
	"github.com/omniposto/omniposto/store"
)

// instance is this server as a whole.
type instance struct {
	ID        ref.Instance `cbor:"1,keyasint"`
	ClaimedAt time.Time    `cbor:"2,keyasint"`
	By        ref.Identity `cbor:"3,keyasint"`
}

var instances = store.Table[instance]{Name: "instance", Version: 1, Holds: store.Operational,
	Key: func(instance) store.Key { return store.K("instance") }}

// Claimed says whether the instance has an owner.
func Claimed(tx store.ReadTx) bool {
	_, ok := instances.Get(tx, store.K("instance"))
	return ok
}

const (
	setupLife  = time.Hour
	setupTries = 5
	setupLock  = time.Minute
)

// claim holds the one-time code that lets the first person in.
type claim struct {
	clock    clock.Clock
	preset   bool
	file     string
	announce func(string)

	mu     sync.Mutex
	code   string
	until  time.Time
	wrong  int
	locked time.Time
}

func newClaim(d Deps) *claim {
	return &claim{clock: d.Clock, preset: d.SetupCode != "", file: d.CodeFile, announce: d.Announce, code: d.SetupCode}
}

// Open makes and announces the setup code of an instance without an owner.
func (s *Identities) Open(ctx context.Context) error {
	claimed := false
	if err := s.DB.View(ctx, func(tx store.ReadTx) error { claimed = Claimed(tx); return nil }); err != nil || claimed {
		return err
	}
	s.claim.mu.Lock()
	defer s.claim.mu.Unlock()
	return s.claim.renew()
}

// renew makes a new code, unless it is preset, and tells where it stands.
func (c *claim) renew() error {
	c.wrong = 0
	if !c.preset {
		c.code, c.until = random.Text(20), c.clock.Now().Add(setupLife)
		if c.file != "" {
			if err := os.WriteFile(c.file, []byte(c.code+"\n"), 0o600); err != nil {
				return err
			}
		}
	}
	if c.announce != nil {
		c.announce(c.code)
	}
	return nil
}

// try compares the code. Five wrong ones rotate it, or, where it is preset, lock for a minute.
func (c *claim) try(code string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.clock.Now()
	if now.Before(c.locked) {
		return ErrSetupLocked.After(c.locked)
	}
	if !c.preset && now.After(c.until) {
		if err := c.renew(); err != nil {
			return err
		}
		return ErrSetupCode.Saying("This setup code has expired. A new one stands in the server's output.").At("/code", "use the new code")
	}
	got, want := sha256.Sum256([]byte(strings.TrimSpace(code))), sha256.Sum256([]byte(c.code))
	if c.code != "" && subtle.ConstantTimeCompare(got[:], want[:]) == 1 {
		return nil
	}
	if c.wrong++; c.wrong >= setupTries {
		c.wrong = 0
		if c.preset {
			c.locked = now.Add(setupLock)
			return ErrSetupLocked.After(c.locked)
		}
		if err := c.renew(); err != nil {
			return err
		}
	}
	return ErrSetupCode.At("/code", "copy it from the server's output")
}

func (c *claim) spent() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.code = ""
	if c.file != "" {
		_ = os.Remove(c.file)
	}
}

// SetupState says what whoever isn't signed in has to know of the instance.
type SetupState struct {
	Claimed bool `json:"claimed"`
	Mail    bool `json:"mail" doc:"The server sends letters. Where it doesn't, no link for a new password can reach anybody."`
}

type setupInput struct {
	Body struct {
		Code         string `json:"code" minLength:"1" maxLength:"200" doc:"The one-time code that the server printed."`
		Name         string `json:"name" minLength:"1" maxLength:"100"`
		Email        string `json:"email" format:"email" maxLength:"254"`
		Password     string `json:"password" minLength:"1" maxLength:"256" doc:"At least 15 characters."`
		Organization string `json:"organization" minLength:"1" maxLength:"100"`
		Workspace    string `json:"workspace,omitempty" maxLength:"100" doc:"The organization's name when absent."`
		Timezone     string `json:"timezone" minLength:"1" maxLength:"64" doc:"IANA name, like Europe/Berlin."`
	}
}

// SetupDone is the answer of setup.claim.
type SetupDone struct {
	Organization ref.Organization `json:"organization"`
	Workspace    ref.Workspace    `json:"workspace"`
	Member       ref.Member       `json:"member" doc:"The first owner."`
}

func (s *Identities) setupOperations() []op.Operation {
	return []op.Operation{
		op.New("setup.state", op.GET("/setup"), s.setupState).
			Says("May this server be claimed?", "Says whether the server has an owner already, and whether it sends letters.").Example(nil, SetupState{Mail: true}).
			Public("nobody can sign in yet"),
		op.New("setup.claim", op.POST("/setup"), s.setup).
			Says("Claim a new server", "Makes the first owner, the organization and its first workspace with a practice channel, and signs in.").
			Example(map[string]any{"code": "the-printed-code", "name": "Mira Lindqvist", "email": "mira@halden.example", "password": "forty warm jackets", "organization": "Halden Studio", "timezone": "Europe/Berlin"},
				SetupDone{}).
			Creates().ShowsSecret().Costs(op.SignIn).Audits("instance.claimed").NoDryRun("a try would use up a guess at the code").
			Fails(ErrClaimed, ErrSetupCode, ErrSetupLocked, ErrPasswordShort, ErrPasswordWeak, schedule.ErrZone).Hidden("only a person claims a server").
			Public("nobody can sign in yet"),
	}
}

func (s *Identities) setupState(ctx context.Context, _ op.Call, _ *op.None) (*SetupState, error) {
	return op.View(ctx, s.DB, func(tx store.ReadTx) (*SetupState, error) {
		return &SetupState{Claimed: Claimed(tx), Mail: s.Mail.Enabled()}, nil
	})
}

func (s *Identities) setup(ctx context.Context, c op.Call, in *setupInput) (*SetupDone, error) {
	b := in.Body
	state, err := s.setupState(ctx, c, nil)
	if err != nil {
		return nil, err
	}
	if state.Claimed {
		return nil, ErrClaimed
	}
	if err := s.claim.try(b.Code); err != nil {
		return nil, err
	}
	if err := organization.CheckZone(b.Timezone); err != nil {
		return nil, err
	}
	if err := CheckPassword(b.Password, true, b.Name, b.Email, b.Organization); err != nil {
		return nil, err
	}
	hash := s.hasher.Hash(b.Password)
	var token string
	out, err := op.Do(ctx, s.DB, c, func(tx store.Tx) (*SetupDone, error) {
		if Claimed(tx) {
			return nil, ErrClaimed
		}
		now := tx.Now()
		i := newIdentity(tx, b.Name, b.Email, hash, b.Timezone)
		i.Administrator = true
		identities.Put(tx, i)
		o, w, m, err := organization.Found(tx, b.Organization, b.Workspace, b.Timezone, i.ID)
		if err != nil {
			return nil, err
		}
		instances.Put(tx, instance{ID: ref.Mint[ref.Instance](now), ClaimedAt: now, By: i.ID})
		s.Furnish(tx, w)
		var sess Session
		leave(tx, c)
		sess, token = begin(tx, i.ID, c.From.Agent, c.From.Prefix)
		if err := s.seen(tx, c, i); err != nil {
			return nil, err
		}
		c.Actor = access.Actor{Kind: access.Session, Identity: i.ID, Session: sess.ID, Memberships: organization.MembershipsOf(tx, i.ID)}
		c.Via = "session"
		act := op.Act{Action: "instance.claimed", On: audit.Thing{Kind: "instance", ID: "instance"}, Instance: true, Quiet: true, Private: map[string]string{"email": i.Email}}
		op.Write(tx, c, act)
		act.Instance, act.Organization, act.On = false, o.ID, audit.Thing{Kind: "organization", ID: o.ID.String()}
		op.Write(tx, c, act)
		return &SetupDone{Organization: o.ID, Workspace: w.ID, Member: m.ID}, nil
	})
	if err != nil {
		return nil, err
	}
	s.claim.spent()
	c.SetCookie(cookie(token, c.Secure))
	return out, nil
}

func newIdentity(tx store.Tx, name, email, hash, zone string) Identity {
	now := tx.Now()
	i := Identity{ID: ref.Mint[ref.Identity](now), Name: strings.TrimSpace(name), Email: normalEmail(email), Password: hash, PasswordAt: now,
		Timezone: zone, Version: 1, CreatedAt: now, LastSeen: now.Truncate(24 * time.Hour)}
	identities.Put(tx, i)
	return i
}
