package channel

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/omniposto/omniposto/app/access"
	"github.com/omniposto/omniposto/app/base/fail"
	"github.com/omniposto/omniposto/app/base/secret"
	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// arrival is a sign-in that came back from a platform where pages, boards or locations are chosen afterwards. What may be
// chosen is sealed, because each may carry a token of its own.
type arrival struct {
	ID           ref.Arrival      `cbor:"1,keyasint"`
	Organization ref.Organization `cbor:"2,keyasint"`
	Workspace    ref.Workspace    `cbor:"3,keyasint"`
	Platform     string           `cbor:"4,keyasint"`
	Identity     ref.Identity     `cbor:"5,keyasint"`
	Channel      ref.Channel      `cbor:"6,keyasint,omitempty"` // to connect again
	Sealed       secret.Sealed    `cbor:"7,keyasint"`
	ExpiresAt    time.Time        `cbor:"8,keyasint"`
}

var arrivals = store.Table[arrival]{Name: "sign_in_arrival", Version: 1, Holds: store.SecretMaterial,
	Key:   func(a arrival) store.Key { return store.K(a.ID) },
	Owner: func(a arrival) store.Owner { return store.OwnedBy(a.Organization, a.Workspace) },
	Indexes: []store.Index[arrival]{{Name: "expires", Version: 1,
		Key: func(a arrival) store.Key { return store.K(a.ExpiresAt, a.ID) }}}}

// arrivalLife is how long one may think about what to choose.
const arrivalLife = 30 * time.Minute

// The errors of choosing.
var (
	ErrArrival   = fail.NotFound("arrival_unknown", "This sign-in took too long or was used already. Start connecting again.")
	ErrChoose    = fail.Conflict("choose_target", "Choose what to connect: channels.targets lists it, and channels.choose connects it.")
	ErrTarget    = fail.Invalid("target_unknown", "This wasn't among what may be connected.").At("/targets", "choose from the list")
	ErrNoTargets = fail.Conflict("nothing_to_choose", "The platform shows nothing here that could be connected with this sign-in.")
)

func arrivalPlace(a arrival) secret.Place {
	return secret.Place{Purpose: "sign_in", Organization: a.Organization, Workspace: a.Workspace, Kind: "sign_in_arrival", ID: a.ID, Field: "sealed"}
}

// candidate is one thing that may become a channel, as it is sealed.
type candidate struct {
	Joined sealedJoined `json:"joined"`
	Help   string       `json:"help,omitempty"`
}

// sealedJoined is a connector.Joined that survives sealing.
type sealedJoined struct {
	Channel connector.Channel `json:"channel"`
	Avatar  string            `json:"avatar,omitempty"`
	Notes   []string          `json:"notes,omitempty"`
	Token   json.RawMessage   `json:"token"`
	Client  string            `json:"client,omitempty"`
}

func sealJoined(j connector.Joined) (sealedJoined, error) {
	out := sealedJoined{Channel: j.Channel, Avatar: j.Identity.Avatar, Notes: j.Identity.Notes, Client: j.App.ID}
	err := j.Token.Plain(func(plain []byte) error { out.Token = slices.Clone(plain); return nil })
	return out, err
}

func (s sealedJoined) joined() (connector.Joined, error) {
	token, err := connector.ReadToken(s.Token)
	return connector.Joined{Identity: connector.Identity{Avatar: s.Avatar, Notes: s.Notes}, Channel: s.Channel, Token: token, App: connector.App{ID: s.Client}}, err
}

// TargetView is one thing that may become a channel.
type TargetView struct {
	Target    string       `json:"target" maxLength:"500"`
	Name      string       `json:"name"`
	Handle    string       `json:"handle,omitempty"`
	URL       string       `json:"url,omitempty"`
	Avatar    string       `json:"avatar,omitempty"`
	Help      string       `json:"help,omitempty"`
	Connected *ref.Channel `json:"connected,omitempty" doc:"The channel of this workspace that it is already."`
}

// TargetsView is what may be chosen after a sign-in.
type TargetsView struct {
	Platform string       `json:"platform"`
	One      string       `json:"one" doc:"What one is called: Page."`
	Label    string       `json:"label" doc:"What they are called, many of them: Pages."`
	Help     string       `json:"help,omitempty"`
	Items    []TargetView `json:"items" maxItems:"1000"`
	Until    time.Time    `json:"until"`
}

type targetsInput struct {
	op.WorkspacePath
	Arrival ref.Arrival `path:"arrival" maxLength:"40" doc:"Of the address that the browser came back to."`
}

type chooseInput struct {
	op.WorkspacePath
	Body struct {
		Arrival ref.Arrival `json:"arrival" maxLength:"40"`
		Targets []string    `json:"targets" minItems:"1" maxItems:"100" doc:"Each becomes a channel."`
	}
}

func (s *Channels) arrivalOperations() []op.Operation {
	one := TargetView{Target: "1029384756", Name: "Fjellvik Outdoor", Handle: "fjellvik"}
	return []op.Operation{
		op.New("channels.targets", op.GET("/workspaces/{workspace}/channels/choose/{arrival}"), s.targets).
			Says("What may be connected", "The pages, boards or locations of a sign-in that came back. It stays for half an hour.").
			Example(nil, TargetsView{Platform: "facebook", One: "Page", Label: "Pages", Items: []TargetView{one}}).
			In(op.InWorkspace).By(access.Session).Fails(ErrArrival).Hidden("only a person signs in").Needs(access.ChannelsWrite),
		op.New("channels.choose", op.POST("/workspaces/{workspace}/channels/choose"), s.choose).
			Says("Connect what was chosen", "Each target becomes a channel of the workspace.").
			Example(map[string]any{"arrival": "arv_06g2p7r8k1m3v5x9z2b4d6f8h0", "targets": []string{"1029384756"}}, op.Listed[View]{Items: []View{{Platform: "facebook", Name: "Fjellvik Outdoor", Slots: nil}}}).
			In(op.InWorkspace).By(access.Session).Audits("channel.connected").Fails(ErrArrival, ErrTarget, ErrThere).Hidden("only a person signs in").Needs(access.ChannelsWrite),
	}
}

// arrive keeps what may be chosen. A sign-in that mends a channel picks that one again, and one that offers a single
// target needs no choice: then the channel is given instead.
func (s *Channels) arrive(ctx context.Context, c op.Call, platform string, again Channel, j connector.Joined, targets []connector.Target) (ref.Arrival, *Channel, error) {
	if len(targets) == 0 {
		return ref.Arrival{}, nil, ErrNoTargets
	}
	pick := -1
	if len(targets) == 1 {
		pick = 0
	}
	if !again.ID.Zero() {
		pick = slices.IndexFunc(targets, func(t connector.Target) bool { return t.ID == again.Target })
		if pick < 0 {
			return ref.Arrival{}, nil, ErrConnect.Saying("This sign-in doesn't show %s any more. Sign in with one that may use it, and allow it there.", again.Name)
		}
	}
	if pick >= 0 {
		ch, err := op.Do(ctx, s.DB, c, func(tx store.Tx) (*Channel, error) {
			ch, err := s.save(tx, c, platform, j.Chosen(targets[pick]), again.ID)
			return &ch, err
		})
		return ref.Arrival{}, ch, err
	}
	var all []candidate
	for _, t := range targets {
		sealed, err := sealJoined(j.Chosen(t))
		if err != nil {
			return ref.Arrival{}, nil, err
		}
		all = append(all, candidate{sealed, t.Help})
	}
	raw, err := json.Marshal(all)
	if err != nil {
		return ref.Arrival{}, nil, err
	}
	defer clear(raw)
	var id ref.Arrival
	err = s.DB.Update(ctx, func(tx store.Tx) (err error) {
		a := arrival{ID: ref.Mint[ref.Arrival](tx.Now()), Organization: c.Organization, Workspace: c.Workspace, Platform: platform, Identity: c.Actor.Identity,
			ExpiresAt: tx.Now().Add(arrivalLife)}
		id = a.ID
		if a.Sealed, err = s.Keeper.Seal(tx, arrivalPlace(a), raw); err == nil {
			arrivals.Put(tx, a)
		}
		return err
	})
	return id, nil, err
}

// known is the channel that is to be connected again; the zero Channel where there is none.
func (s *Channels) known(ctx context.Context, o ref.Organization, w ref.Workspace, id ref.Channel) (again Channel, err error) {
	if id.Zero() {
		return Channel{}, nil
	}
	err = s.DB.View(ctx, func(tx store.ReadTx) error {
		var ok bool
		if again, ok = Get(tx, o, w, id); !ok {
			return ErrNotFound
		}
		return nil
	})
	return again, err
}

// chosenOf is arrive for what was connected by fields: the choice is named in the problem.
func (s *Channels) chosenOf(ctx context.Context, c op.Call, platform string, id ref.Channel, j connector.Joined, targets []connector.Target) (*View, error) {
	again, err := s.known(ctx, c.Organization, c.Workspace, id)
	if err != nil {
		return nil, err
	}
	waits, ch, err := s.arrive(ctx, c, platform, again, j, targets)
	switch {
	case err != nil:
		return nil, err
	case ch == nil:
		return nil, ErrChoose.With("arrival", waits.String())
	}
	v := s.View(*ch, c.Now)
	return &v, nil
}

// arrived reads an arrival for whom it belongs to.
func (s *Channels) arrived(tx store.ReadTx, c op.Call, id ref.Arrival) (arrival, []candidate, error) {
	a, ok := arrivals.Get(tx, store.K(id))
	if !ok || a.Identity != c.Actor.Identity || a.Workspace != c.Workspace || tx.Now().After(a.ExpiresAt) {
		return arrival{}, nil, ErrArrival
	}
	var all []candidate
	err := s.Keeper.Use(tx, arrivalPlace(a), a.Sealed, func(plain []byte) error {
		if json.Unmarshal(plain, &all) != nil {
			return secret.ErrSealed
		}
		return nil
	})
	return a, all, err
}

func (s *Channels) targets(ctx context.Context, c op.Call, in *targetsInput) (*TargetsView, error) {
	return op.View(ctx, s.DB, func(tx store.ReadTx) (*TargetsView, error) {
		a, all, err := s.arrived(tx, c, in.Arrival)
		if err != nil {
			return nil, err
		}
		v := &TargetsView{Platform: a.Platform, Items: []TargetView{}, Until: a.ExpiresAt}
		if pub, ok := s.Platform(a.Platform); ok && pub.Spec().Targets != nil {
			v.One, v.Label, v.Help = pub.Spec().Targets.Label, pub.Spec().Targets.Many, pub.Spec().Targets.Help
		}
		there := Of(tx, c.Organization, c.Workspace)
		for _, one := range all {
			ch := one.Joined.Channel
			t := TargetView{Target: ch.Target, Name: ch.Name, Handle: ch.Handle, URL: connector.WebAddress(ch.URL), Avatar: one.Joined.Avatar, Help: one.Help}
			if i := slices.IndexFunc(there, func(o Channel) bool { return o.Platform == a.Platform && o.Target == ch.Target }); i >= 0 {
				t.Connected = &there[i].ID
			}
			v.Items = append(v.Items, t)
		}
		return v, nil
	})
}

func (s *Channels) choose(ctx context.Context, c op.Call, in *chooseInput) (*op.Listed[View], error) {
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*op.Listed[View], error) {
		a, all, err := s.arrived(tx, c, in.Body.Arrival)
		if err != nil {
			return nil, err
		}
		out := &op.Listed[View]{Items: []View{}}
		for _, target := range slices.Compact(slices.Sorted(slices.Values(in.Body.Targets))) {
			at := slices.IndexFunc(all, func(one candidate) bool { return one.Joined.Channel.Target == target })
			if at < 0 {
				return nil, ErrTarget
			}
			j, err := all[at].Joined.joined()
			if err != nil {
				return nil, err
			}
			ch, err := s.save(tx, c, a.Platform, j, ref.Channel{})
			if err != nil {
				return nil, err
			}
			out.Items = append(out.Items, s.View(ch, tx.Now()))
		}
		arrivals.Delete(tx, store.K(a.ID))
		return out, nil
	})
}

// SweepArrivals removes at most n that nobody chose from in time.
func SweepArrivals(tx store.Tx, n int) int {
	var old []ref.Arrival
	for _, a := range arrivals.By(tx, "expires", store.Range{To: store.K(tx.Now())}) {
		if old = append(old, a.ID); len(old) == n {
			break
		}
	}
	for _, id := range old {
		arrivals.Delete(tx, store.K(id))
	}
	return len(old)
}
