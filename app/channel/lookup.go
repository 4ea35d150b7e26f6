package channel

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/omniposto/omniposto/app/access"
	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/base/fail"
	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

const (
	// lookupLife is how long what a platform answered is taken for true.
	lookupLife = 10 * time.Minute
	// lookupsKept bounds the answers that are kept at once.
	lookupsKept = 2000
	// optionsAtMost bounds one answer.
	optionsAtMost = 200
)

// The errors of looking something up.
var (
	ErrNoLookup = fail.NotFound("lookup_unknown", "This platform has nothing of that kind to choose from.")
	ErrLookup   = fail.Unavailable("lookup_failed", "The platform couldn't be asked just now. What you enter by hand is kept.")
	ErrSibling  = fail.Invalid("sibling_invalid", "What was chosen before is given as name=value.")
)

type lookupInput struct {
	ChannelPath
	What  string   `query:"what" minLength:"1" maxLength:"64" doc:"What is looked for, as x-lookup of the setting says."`
	Query string   `query:"query" maxLength:"200" doc:"What somebody typed; empty lists what there is."`
	With  []string `query:"with,explode" maxItems:"20" doc:"Settings chosen so far that matter to it, each name=value: flairs are those of a community."`
}

func (s *Channels) lookupOperation() op.Operation {
	return op.New("channels.lookup", op.GET("/workspaces/{workspace}/channels/{channel}/lookup"), s.lookup).
		Says("Look something up at the platform", "Boards, communities, playlists, categories, people: what a setting can be. Answers are kept for ten minutes.").
		Example(nil, op.Listed[connector.Option]{Items: []connector.Option{{ID: "1102", Label: "Winter", Help: "24 pins"}}}).
		In(op.InWorkspace).Costs(op.Costly).Fails(ErrNotFound, ErrNoLookup, ErrLookup, ErrSibling, ErrReconnect).Needs(access.PostsDraft)
}

func (s *Channels) lookup(ctx context.Context, c op.Call, in *lookupInput) (*op.Listed[connector.Option], error) {
	siblings := map[string]string{}
	for _, pair := range in.With {
		name, value, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			return nil, ErrSibling
		}
		siblings[name] = value
	}
	var ch Channel
	if err := s.DB.View(ctx, func(tx store.ReadTx) error {
		var ok bool
		if ch, ok = Get(tx, c.Organization, c.Workspace, in.Channel); !ok {
			return ErrNotFound
		}
		return nil
	}); err != nil {
		return nil, err
	}
	pub, _ := s.Platform(ch.Platform)
	looks, can := pub.(connector.Lookuper)
	if !can || !offers(pub.Spec(), in.What) {
		return nil, ErrNoLookup
	}
	if ch.State == Reconnect {
		return nil, ErrReconnect
	}
	key := askedFor{ch.ID, in.What, strings.ToLower(strings.TrimSpace(in.Query)), strings.Join(slices.Sorted(slices.Values(in.With)), "&")}
	if found, ok := s.answers.get(key, s.Clock); ok {
		return &op.Listed[connector.Option]{Items: found}, nil
	}
	g, err := s.Grip(ctx, ch)
	if err != nil {
		return nil, err
	}
	found, err := connector.Do(ctx, pub, ch.ForConnector(), &g, "lookup", func(ctx context.Context, call *connector.Call) ([]connector.Option, error) {
		return looks.Lookup(ctx, call, in.What, in.Query, siblings)
	})
	if failed := connector.AsFailed(err); failed != nil {
		return nil, unanswered(failed)
	}
	if err != nil {
		return nil, err
	}
	found = append([]connector.Option{}, found[:min(len(found), optionsAtMost)]...)
	s.answers.put(key, found, s.Clock)
	return &op.Listed[connector.Option]{Items: found}, nil
}

// unanswered says why nothing was found, with the platform's words.
func unanswered(f *connector.Failed) error {
	e := ErrLookup
	switch {
	case f.Class == connector.Reconnect:
		e = ErrReconnect
	case f.Words != "":
		e = e.Saying("%s", f.Words)
	}
	if !f.Until.IsZero() {
		e = e.After(f.Until)
	}
	return e.Because(f)
}

// offers says whether some setting of the platform asks for this look-up.
func offers(spec *connector.Spec, what string) bool {
	return what == connector.Mentions || offeredBy(spec.Settings, what)
}

func offeredBy(f connector.Form, what string) bool {
	return slices.ContainsFunc(f, func(field connector.Field) bool { return field.Lookup == what || offeredBy(field.Items, what) })
}

// askedFor is one question to a platform.
type askedFor struct {
	channel               ref.Channel
	what, query, siblings string
}

// answers keeps what platforms answered for a while. The zero value is ready.
type answers struct {
	mu   sync.Mutex
	kept map[askedFor]answered
}

type answered struct {
	options []connector.Option
	until   time.Duration // on the clock that only goes forward
}

func (a *answers) get(key askedFor, c clock.Clock) ([]connector.Option, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	found, ok := a.kept[key]
	return found.options, ok && c.Elapsed() < found.until
}

func (a *answers) put(key askedFor, options []connector.Option, c clock.Clock) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.kept == nil || len(a.kept) >= lookupsKept {
		a.kept = map[askedFor]answered{} // they are asked for again soon enough
	}
	a.kept[key] = answered{options, c.Elapsed() + lookupLife}
}
