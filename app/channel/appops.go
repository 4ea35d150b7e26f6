package channel

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/access"
	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/base/fail"
	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// appFresh is how fresh the second factor must be to change an app: whoever changes it decides whose app people trust.
const appFresh = 15 * time.Minute

// The errors of apps.
var (
	ErrNoCredential = fail.NotFound("app_unset", "No app is entered here for this platform.")
	ErrNeedsNoApp   = fail.Invalid("app_not_needed", "This platform needs no app.")
	ErrConfigured   = fail.Conflict("app_configured", "This app stands in the server's configuration. Change it there, or enter one here, which wins.")
)

// AppState is how an app stands.
type AppState string

// The states.
const (
	AppNotNeeded AppState = "not_needed"
	AppUnset     AppState = "unset"
	AppUntested  AppState = "untested"
	AppWorks     AppState = "works"
	AppFails     AppState = "fails"
	AppSilent    AppState = "silent" // the platform doesn't say; only connecting will tell
)

// AppScopes are the rights that one way of connecting asks for.
type AppScopes struct {
	Way    string   `json:"way"`
	Label  string   `json:"label"`
	Scopes []string `json:"scopes" maxItems:"100"`
}

// AppTestView is how the last test ended.
type AppTestView struct {
	At          time.Time `json:"at"`
	Took        int64     `json:"took_ms"`
	Address     string    `json:"address" enum:"reached,not_reached,not_https,not_set" doc:"Whether this server's own public address leads back to it."`
	Credentials string    `json:"credentials" enum:"accepted,secret_refused,callback_refused,untold,unreachable"`
	Words       string    `json:"words,omitempty" doc:"The platform's own."`
}

// AppView is a platform's app as an administrator, or an organization's owner, sees it. No secret is in it.
type AppView struct {
	Platform    string            `json:"platform"`
	Label       string            `json:"label"`
	State       AppState          `json:"state" enum:"not_needed,unset,untested,works,fails,silent"`
	From        string            `json:"from" enum:"none,configuration,instance,organization" doc:"Where the app that is used was entered."`
	Callback    string            `json:"callback_url" doc:"To be registered at the platform, letter by letter."`
	Ways        []AppScopes       `json:"ways" maxItems:"10"`
	Console     string            `json:"console_url,omitempty"`
	Steps       []string          `json:"steps" maxItems:"30"`
	Review      string            `json:"review,omitempty" doc:"What the platform looks at before others than the app's owner may connect."`
	Fields      []FieldView       `json:"fields" maxItems:"20"`
	Values      map[string]string `json:"values" doc:"What was entered, secrets left out."`
	SecretHint  string            `json:"secret_hint,omitempty" doc:"The secret's last four signs."`
	SetAt       *time.Time        `json:"set_at,omitempty"`
	LastTest    *AppTestView      `json:"last_test,omitempty"`
	Channels    int               `json:"channels" doc:"How many are connected through it; 1000 is that many or more."`
	Workspaces  int               `json:"workspaces" doc:"In how many workspaces they are."`
	ToReconnect int               `json:"to_reconnect" doc:"How many of them the platform refuses."`
	Version     int64             `json:"version"`
}

// ETagVersion implements op.Versioned.
func (v AppView) ETagVersion() int64 { return v.Version }

type appBody struct {
	Fields map[string]string `json:"fields" doc:"As the platform's form asks. A secret that is left out stays as it is, unless the id is another."`
}

// AppPath names a platform of the instance.
type AppPath struct {
	Platform string `path:"platform" maxLength:"64" doc:"The platform's id."`
}

// OrganizationAppPath names a platform of an organization.
type OrganizationAppPath struct {
	op.OrganizationPath
	Platform string `path:"platform" maxLength:"64" doc:"The platform's id."`
}

type appInput struct {
	AppPath
	Body appBody
}

type organizationAppInput struct {
	OrganizationAppPath
	Body appBody
}

func (s *Channels) appOperations() []op.Operation {
	one := AppView{Platform: "linkedin", Label: "LinkedIn", State: AppWorks, From: "instance", Callback: "https://posts.example.org/connect/linkedin/callback", Ways: []AppScopes{{Way: "oauth", Label: "Sign in", Scopes: []string{"w_member_social"}}},
		Steps: []string{}, Fields: []FieldView{}, Values: map[string]string{"id": "86abc"}, SecretHint: "c41e", Version: 1}
	set := map[string]any{"fields": map[string]string{"id": "86abc", "secret": "the-app-s-secret"}}
	return []op.Operation{
		op.New("apps.list", op.GET("/instance/platforms"), s.listApps).
			Says("List the apps of this server", "Which platforms need an app, whether one is entered, and how it stands.").Example(nil, op.Listed[AppView]{Items: []AppView{one}}).
			In(op.InstanceScope).By(access.Session).Needs(access.Administer),
		op.New("apps.update", op.PUT("/instance/platforms/{platform}"), s.setApp).
			Says("Enter an app", "Serves every organization that has none of its own. The secret is sealed and never shown again.").Example(set, one).
			In(op.InstanceScope).By(access.Session).Fresh(appFresh).Audits("app.changed").Fails(ErrPlatform, ErrNeedsNoApp).Hidden("it holds a secret").Needs(access.Administer),
		op.New("apps.remove", op.DELETE("/instance/platforms/{platform}"), s.removeApp).
			Says("Remove an app", "Channels that were connected through it need to be connected again.").
			In(op.InstanceScope).By(access.Session).Fresh(appFresh).Audits("app.removed").Fails(ErrPlatform, ErrNoCredential, ErrConfigured).Needs(access.Administer),
		op.New("apps.test", op.POST("/instance/platforms/{platform}/test"), s.tryApp).
			Says("Test an app", "Asks whether this server's address leads back to it, and whether the platform takes id, secret and callback address.").Example(nil, one).
			In(op.InstanceScope).By(access.Session).Costs(op.Costly).NoDryRun("the platform is asked").Audits("app.tested").Fails(ErrPlatform, ErrNoCredential).Needs(access.Administer),
		op.New("own_apps.list", op.GET("/organizations/{organization}/platforms"), s.listOwnApps).
			Says("List the organization's own apps", "An app of its own wins over the server's.").Example(nil, op.Listed[AppView]{Items: []AppView{one}}).
			In(op.InOrganization).By(access.Session).Needs(access.SecurityWrite),
		op.New("own_apps.update", op.PUT("/organizations/{organization}/platforms/{platform}"), s.setOwnApp).
			Says("Enter an app of the organization's own", "New channels are connected through it. The secret is sealed and never shown again.").Example(set, one).
			In(op.InOrganization).By(access.Session).Fresh(appFresh).Audits("app.changed").Fails(ErrPlatform, ErrNeedsNoApp).Hidden("it holds a secret").Needs(access.SecurityWrite),
		op.New("own_apps.remove", op.DELETE("/organizations/{organization}/platforms/{platform}"), s.removeOwnApp).
			Says("Remove an app of the organization's own", "Channels that were connected through it need to be connected again.").
			In(op.InOrganization).By(access.Session).Fresh(appFresh).Audits("app.removed").Fails(ErrPlatform, ErrNoCredential).Needs(access.SecurityWrite),
		op.New("own_apps.test", op.POST("/organizations/{organization}/platforms/{platform}/test"), s.tryOwnApp).
			Says("Test an app of the organization's own", "As apps.test does for the server's.").Example(nil, one).
			In(op.InOrganization).By(access.Session).Costs(op.Costly).NoDryRun("the platform is asked").Audits("app.tested").Fails(ErrPlatform, ErrNoCredential).Needs(access.SecurityWrite),
	}
}

func (s *Channels) listApps(ctx context.Context, _ op.Call, _ *op.None) (*op.Listed[AppView], error) {
	return s.appsOf(ctx, ref.Organization{})
}

func (s *Channels) listOwnApps(ctx context.Context, c op.Call, _ *op.OrganizationPath) (*op.Listed[AppView], error) {
	return s.appsOf(ctx, c.Organization)
}

func (s *Channels) setApp(ctx context.Context, c op.Call, in *appInput) (*AppView, error) {
	return s.keepCredential(ctx, c, ref.Organization{}, in.Platform, in.Body.Fields)
}

func (s *Channels) setOwnApp(ctx context.Context, c op.Call, in *organizationAppInput) (*AppView, error) {
	return s.keepCredential(ctx, c, c.Organization, in.Platform, in.Body.Fields)
}

func (s *Channels) removeApp(ctx context.Context, c op.Call, in *AppPath) (*op.None, error) {
	return s.dropCredential(ctx, c, ref.Organization{}, in.Platform)
}

func (s *Channels) removeOwnApp(ctx context.Context, c op.Call, in *OrganizationAppPath) (*op.None, error) {
	return s.dropCredential(ctx, c, c.Organization, in.Platform)
}

func (s *Channels) tryApp(ctx context.Context, c op.Call, in *AppPath) (*AppView, error) {
	return s.testApp(ctx, c, ref.Organization{}, in.Platform)
}

func (s *Channels) tryOwnApp(ctx context.Context, c op.Call, in *OrganizationAppPath) (*AppView, error) {
	return s.testApp(ctx, c, c.Organization, in.Platform)
}

func (s *Channels) appsOf(ctx context.Context, o ref.Organization) (*op.Listed[AppView], error) {
	return op.View(ctx, s.DB, func(tx store.ReadTx) (*op.Listed[AppView], error) {
		out := &op.Listed[AppView]{Items: []AppView{}}
		for _, p := range s.Platforms {
			out.Items = append(out.Items, s.appView(tx, o, p.Spec()))
		}
		return out, nil
	})
}

func needsApp(spec *connector.Spec) bool { return len(spec.App) > 0 }

// appView is the app of an owner for one platform.
func (s *Channels) appView(tx store.ReadTx, o ref.Organization, spec *connector.Spec) AppView {
	v := AppView{Platform: spec.ID, Label: spec.Label, State: AppNotNeeded, From: "none", Callback: s.callbackAt(spec.ID), Ways: []AppScopes{}, Steps: []string{},
		Fields: fieldViews(spec.App), Values: map[string]string{}}
	for _, w := range spec.Connect {
		if w.OAuth != nil {
			v.Ways = append(v.Ways, AppScopes{w.Way, w.Label, append([]string{}, w.Scopes...)})
		}
	}
	if !needsApp(spec) {
		return v
	}
	if r := spec.Registration; r != nil {
		v.Console, v.Steps, v.Review = r.Console, append(v.Steps, r.Steps...), r.Review
	}
	v.State = AppUnset
	c, ok := credentials.Get(tx, store.K(o, spec.ID))
	switch {
	case ok:
		v.From, v.State, v.SecretHint, v.SetAt, v.Version = "organization", AppUntested, c.Hint, instant(c.SetAt), c.Version
		if o.Zero() {
			v.From = "instance"
		}
		maps.Copy(v.Values, c.Open)
		v.Values["id"] = c.Client
		if !c.Test.At.IsZero() {
			v.State, v.LastTest = c.Test.state(), c.Test.view()
		}
	case !o.Zero() && s.has(tx, ref.Organization{}, spec.ID):
		v.From, v.State = "instance", AppUntested
	case s.App(spec.ID).ID != "":
		v.From, v.State, v.Values["id"] = "configuration", AppUntested, s.App(spec.ID).ID
	}
	if id := v.Values["id"]; id != "" {
		v.Channels, v.Workspaces, v.ToReconnect = usedBy(tx, spec.ID, id, o)
	}
	return v
}

func (t appTest) state() AppState {
	switch t.Verdict {
	case connector.AppAccepted:
		return AppWorks
	case connector.AppUntold:
		return AppSilent
	case unreachable:
		return AppUntested
	}
	return AppFails
}

func (t appTest) view() *AppTestView {
	return &AppTestView{At: t.At, Took: t.Took.Milliseconds(), Address: string(t.Address), Credentials: string(t.Verdict), Words: t.Words}
}

// usedBy counts the channels that were connected through an app, up to 1000.
func usedBy(tx store.ReadTx, platform, client string, o ref.Organization) (n, workspaces, lost int) {
	seen := map[ref.Workspace]bool{}
	for _, c := range channels.By(tx, "client", store.Range{Prefix: store.K(platform, client)}) {
		if !o.Zero() && c.Organization != o {
			continue
		}
		if n++; c.State == Reconnect {
			lost++
		}
		seen[c.Workspace] = true
		if n == 1000 {
			break
		}
	}
	return n, len(seen), lost
}

func (s *Channels) keepCredential(ctx context.Context, c op.Call, o ref.Organization, platform string, fields map[string]string) (*AppView, error) {
	pub, ok := s.Platform(platform)
	if !ok {
		return nil, ErrPlatform
	}
	spec := pub.Spec()
	if !needsApp(spec) {
		return nil, ErrNeedsNoApp
	}
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*AppView, error) {
		kept, there := credentials.Get(tx, store.K(o, platform))
		given := maps.Clone(fields)
		if there && strings.TrimSpace(given["id"]) == kept.Client {
			old, err := s.secretsOf(tx, kept)
			if err != nil {
				return nil, err
			}
			for name, value := range old {
				if given[name] == "" {
					given[name] = value
				}
			}
		}
		open, secrets, troubles := spec.App.Values(given)
		if troubles != nil {
			return nil, refusal(&connector.Troubled{Troubles: troubles})
		}
		if !there {
			kept = credential{Organization: o, Platform: platform, ID: ref.Mint[ref.Secret](tx.Now())}
		}
		kept.Client, kept.SetAt, kept.Test, kept.Version = open["id"], tx.Now(), appTest{}, kept.Version+1
		delete(open, "id")
		kept.Open = open
		if err := s.sealCredential(tx, &kept, secrets); err != nil {
			return nil, err
		}
		credentials.Put(tx, kept)
		op.Write(tx, c, appAct("app.changed", o, platform))
		v := s.appView(tx, o, spec)
		return &v, nil
	})
}

func appAct(action audit.Action, o ref.Organization, platform string) op.Act {
	return op.Act{Action: action, On: audit.Thing{Kind: "platform", ID: platform}, Organization: o, Instance: o.Zero()}
}

func (s *Channels) dropCredential(ctx context.Context, c op.Call, o ref.Organization, platform string) (*op.None, error) {
	if _, ok := s.Platform(platform); !ok {
		return nil, ErrPlatform
	}
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*op.None, error) {
		if !credentials.Delete(tx, store.K(o, platform)) {
			if o.Zero() && s.App(platform).ID != "" {
				return nil, ErrConfigured
			}
			return nil, ErrNoCredential
		}
		op.Write(tx, c, appAct("app.removed", o, platform))
		return &op.None{}, nil
	})
}

// appWay is the way by which an app is tested; "" where no sign-in goes through one.
func appWay(spec *connector.Spec) string {
	i := slices.IndexFunc(spec.Connect, func(w connector.Connect) bool { return w.OAuth != nil && w.OAuth.Register == "" })
	if i < 0 {
		return ""
	}
	return spec.Connect[i].Way
}
