package app

import (
	"context"
	"encoding/json"
	"regexp"

	"github.com/omniposto/omniposto/app/access"
	"github.com/omniposto/omniposto/app/base/fail"
	"github.com/omniposto/omniposto/app/cli"
	"github.com/omniposto/omniposto/app/op"
)

var errNotStarted = fail.Unavailable("starting", "The scheduler isn't running yet.")

// InstanceView is the server as its administrators see it.
type InstanceView struct {
	Version   string        `json:"version"`
	PublicURL string        `json:"public_url"`
	TLS       bool          `json:"tls" doc:"false: passkeys, installing and sharing don't work in browsers."`
	Store     StoreView     `json:"store"`
	Checks    []cli.Finding `json:"checks" maxItems:"50"`
}

// StoreView is how the store stands.
type StoreView struct {
	Bytes     int64 `json:"bytes"`
	FreeBytes int64 `json:"free_bytes"`
	ReadOnly  bool  `json:"read_only"`
}

// instanceOperations are those of the instance, which no noun owns.
func (a *App) instanceOperations() []op.Operation {
	return []op.Operation{
		op.New("instance.read", op.GET("/instance"), a.readInstance).
			Says("Read the instance", "Version, store and what needs a hand, for administrators. No customer's content is in it.").
			Example(nil, InstanceView{Version: "1.0.0", PublicURL: "https://posts.example.org", TLS: true, Checks: []cli.Finding{{Name: "store", OK: true, Says: "12 MB"}}}).
			In(op.InstanceScope).By(access.Session).Needs(access.Administer),
		op.New("reports.receive", op.POST("/reports"), a.receiveReport).
			Says("Take a report of a browser", "Browsers send here what the content policy stopped. Only the directive is noted, at debug level, and counted.").
			TakesFile().Body(64 << 10).NoDryRun("nothing is kept").Unaudited("nothing is kept").Hidden("made for browsers").
			Public("browsers send reports without a session"),
	}
}

func (a *App) readInstance(ctx context.Context, _ op.Call, _ *op.None) (*InstanceView, error) {
	f := a.db.Stats()
	return &InstanceView{Version: buildName(), PublicURL: a.link("", ""), TLS: a.address.Scheme == "https",
		Store: StoreView{Bytes: f.Bytes, FreeBytes: f.FreeBytes, ReadOnly: f.ReadOnly}, Checks: append(a.findings(ctx), a.mailFinding(ctx))}, nil
}

// receiveReport counts what the content policy stopped in a browser; anything but the directive's name is dropped.
func (a *App) receiveReport(_ context.Context, c op.Call, _ *op.None) (*op.None, error) {
	var reports []struct {
		Type string `json:"type"`
		Body struct {
			Directive string `json:"effectiveDirective"`
		} `json:"body"`
	}
	if err := json.NewDecoder(c.Body).Decode(&reports); err != nil {
		return &op.None{}, nil //nolint:nilerr // browsers of all kinds report; a form we don't know is no error of anybody
	}
	for _, r := range reports {
		a.parts.metrics.reports.Inc()
		if directive.MatchString(r.Body.Directive) {
			a.log.Debug("the content policy stopped something in a browser", "directive", r.Body.Directive)
		}
	}
	return &op.None{}, nil
}

var directive = regexp.MustCompile(`^[a-z-]{1,40}$`)
