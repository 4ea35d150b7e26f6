// Package meta is what Facebook, Instagram and Threads have in common: the words of refusals, tokens that are made longer,
// containers, and quotas that can be asked. It is no connector of its own.
//
// Facts: fact sheets facebook, instagram and threads; developers.facebook.com (Graph API error handling), read 2026-08.
package meta

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/base/secret"
	"github.com/omniposto/omniposto/app/connector"
)

// Pause is when a limit ends: the platform says it in minutes, inside the JSON of a header.
var Pause = connector.Until{Header: "X-Business-Use-Case-Usage", Find: `"estimated_time_to_regain_access":\s*(\d+)`, As: connector.Minutes, Else: time.Hour}

// Failures are the rows that mean the same at each of them, to stand behind a connector's own. commits are the names of
// the steps on which a failure of the platform's leaves doubt.
func Failures(platform, commits string) connector.Failures {
	return connector.Failures{
		{Path: "error.code", Is: "102|190", Class: connector.Reconnect, Say: platform + " ended our access. Connect again.", Fix: "reconnect", Sample: "revoked.json"},
		{Path: "error.code", Is: permissions(), Class: connector.Reconnect, Say: "We lack a right at " + platform + ". Connect again and allow everything.", Fix: "reconnect", Sample: "permission.json"},
		{Path: "error.code", Is: "4|17|32|341|613|80001|80002|80006", Class: connector.RateLimited, Say: platform + " asks for a pause.", Until: Pause, Sample: "limited.json"},
		{On: commits, Path: "error.code", Is: "1|2", Class: connector.Uncertain, Say: platform + " had a failure of its own.", Sample: "unsure.json"},
		{On: commits, Path: "error.is_transient", Is: "true", Class: connector.Uncertain, Say: platform + " had a failure of its own.", Sample: "unsure_for_now.json"},
		{On: "*", Path: "error.code", Is: "1|2", Class: connector.Transient, Say: platform + " had a failure of its own.", Sample: "failure.json"},
		{On: "*", Path: "error.is_transient", Is: "true", Class: connector.Transient, Say: platform + " had a failure of its own.", Sample: "failure_for_now.json"},
		{Path: "error.code", Is: "100", Class: connector.Rejected, Sample: "invalid.json"},
	}
}

// permissions are the codes of rights that aren't granted: 3, 10 and all from 200 to 299.
func permissions() string {
	codes := []string{"3", "10"}
	for n := 200; n < 300; n++ {
		codes = append(codes, strconv.Itoa(n))
	}
	return strings.Join(codes, "|")
}

// Tells are how these platforms answer a test of app credentials.
func Tells() []connector.Tell {
	var out []connector.Tell
	for _, at := range []string{"error.message", "error_message"} {
		out = append(out,
			connector.Tell{Path: at, Has: "redirect_uri|redirect uri", Verdict: connector.CallbackRefused},
			connector.Tell{Path: at, Has: "client secret|client_secret|validating application|platform app|client_id|app id", Verdict: connector.AppRefused},
			connector.Tell{On: "token", Path: at, Has: "verification code|authorization code|matching code", Verdict: connector.AppAccepted},
		)
	}
	return out
}

// Longer is how a token is swapped for one that lives longer.
type Longer struct {
	Host, Path, Grant string
	Param             string // what the token is called; "": access_token
	App               bool   // the app proves itself by its secret
	ID                bool   // and by its id
}

// Get asks for the longer token. The address carries secrets because these platforms take them nowhere else.
func (l Longer) Get(ctx context.Context, c *connector.Call) (connector.Token, error) {
	q := url.Values{"grant_type": {l.Grant}}
	param := l.Param
	if param == "" {
		param = "access_token"
	}
	c.Token.Access.Use(func(plain string) { q.Set(param, plain) })
	if l.App {
		c.App.Secret.Use(func(plain string) { q.Set("client_secret", plain) })
	}
	if l.ID {
		q.Set("client_id", c.App.ID)
	}
	var out struct {
		Access  string `json:"access_token"`
		Seconds int64  `json:"expires_in"`
	}
	if _, err := c.Send(ctx, connector.Request{Host: l.Host, Path: l.Path, Query: q, NoAuth: true, Into: &out}); err != nil {
		return connector.Token{}, err
	}
	if out.Access == "" {
		return connector.Token{}, connector.Unreadable()
	}
	c.Hide(out.Access)
	t := connector.Token{Access: secret.NewText(out.Access)}
	if out.Seconds > 0 {
		t.ExpiresAt = c.Now.Add(time.Duration(out.Seconds) * time.Second)
	}
	return t, nil
}

// Poll is how often a container is asked about.
const Poll = 5 * time.Second

// Waits says whether a container still needs time, as the error of a step.
func Waits(c *connector.Call, state string) error {
	if state == "FINISHED" || state == "PUBLISHED" {
		return nil
	}
	return connector.NotYet(c, Poll)
}

// Sight is what a container's state says of a commit whose answer was lost. dead are the saved steps that end with it.
func Sight(c *connector.Call, state string, dead ...string) connector.Sight {
	switch state {
	case "PUBLISHED":
		return connector.Sight{Found: &connector.Receipt{}}
	case "FINISHED":
		return connector.Sight{Absent: true}
	case "IN_PROGRESS":
		return connector.Sight{Until: c.Now.Add(2 * Poll)}
	case "ERROR", "EXPIRED":
		return connector.Sight{Absent: true, Forget: dead}
	}
	return connector.Sight{CantTell: fmt.Sprintf("The platform calls the post %.40q, which says nothing to us. Look there and tell us.", state)}
}

// Quota is how much of a day's posts is used. The names of its fields differ.
type Quota struct{ Path, Usage, Config string }

// Ask refuses for a while when nothing is left.
func (q Quota) Ask(ctx context.Context, c *connector.Call) error {
	var out struct {
		List []map[string]any `json:"data"`
	}
	_, err := c.Send(ctx, connector.Request{Path: q.Path, Query: url.Values{"fields": {q.Usage + "," + q.Config}}, Into: &out})
	if err != nil || len(out.List) == 0 {
		return err
	}
	used, _ := out.List[0][q.Usage].(float64)
	config, _ := out.List[0][q.Config].(map[string]any)
	total, _ := config["quota_total"].(float64)
	if total > 0 && used >= total {
		words := fmt.Sprintf("The %.0f posts that are allowed within a day are used up.", total)
		return &connector.Failed{Class: connector.RateLimited, Words: words, Until: c.Now.Add(time.Hour)}
	}
	return nil
}

// Gone says that an error means that the object isn't there.
func Gone(err error) bool {
	f := connector.AsFailed(err)
	if f == nil {
		return false
	}
	return f.Status == 404 || f.Body("error.code") == "100" && f.Body("error.error_subcode") == "33" || f.Body("error.code") == "24"
}

// Time reads these platforms' way to write an instant, whose zone has no colon; the zero time when it isn't one.
func Time(s string) time.Time {
	for _, form := range []string{"2006-01-02T15:04:05-0700", time.RFC3339} {
		if at, err := time.Parse(form, s); err == nil {
			return at.UTC()
		}
	}
	return time.Time{}
}

// Folded is a text as these platforms may give it back: white space as one space.
func Folded(s string) string { return strings.Join(strings.Fields(s), " ") }

// Figures reads the answer of insights: the newest value of each metric under our names.
type Figures struct {
	List []struct {
		Name   string `json:"name"`
		Values []struct {
			Value any `json:"value"`
		} `json:"values"`
		Total struct {
			Value any `json:"value"`
		} `json:"total_value"`
	} `json:"data"`
}

// Counts are the figures under our names; a metric without one keeps its own.
func (f Figures) Counts(names map[string]string) map[string]int64 {
	out := map[string]int64{}
	for _, m := range f.List {
		v := m.Total.Value
		if n := len(m.Values); n > 0 {
			v = m.Values[n-1].Value
		}
		name := m.Name
		if ours, ok := names[name]; ok {
			name = ours
		}
		switch t := v.(type) {
		case float64:
			out[name] = int64(t)
		case map[string]any: // reactions by their kinds
			sum := int64(0)
			for _, one := range t {
				n, _ := one.(float64)
				sum += int64(n)
			}
			out[name] = sum
		}
	}
	return out
}

// Sorted is a list of ids in one order.
func Sorted(ids []string) string {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	return strings.Join(ids, ",")
}
