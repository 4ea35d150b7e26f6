package conform

import (
	"context"
	"strings"

	"github.com/omniposto/omniposto/app/base/secret"
	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/fake"
)

// signsIn: an app is described so that an administrator can register it, and a test of its credentials never calls good
// what is wrong, nor wrong what is good.
func signsIn(s *suite) {
	spec := s.pub().Spec()
	for _, way := range spec.Connect {
		if way.OAuth == nil || way.OAuth.Register != "" {
			s.checked()
			continue
		}
		where := "way " + way.Way
		r := spec.Registration
		_, id := spec.App.Field("id")
		key, hasKey := spec.App.Field("secret")
		s.is(id && (way.OAuth.SecretIn == connector.SecretNone || hasKey && key.Secret), where, "the app's form lacks id or secret")
		if s.is(r != nil, where, "it isn't said how an app is registered") {
			s.is(strings.HasPrefix(r.Console, "https://") && len(r.Steps) > 1, where, "the platform's page for apps or the steps there are missing")
		}
		s.credentialsAreTold(way)
	}
}

func (s *suite) credentialsAreTold(way connector.Connect) {
	for name, c := range map[string]struct {
		spoil    func(*connector.App)
		callback string
		never    []connector.Verdict
	}{
		"right":          {func(*connector.App) {}, callback, []connector.Verdict{connector.AppRefused, connector.CallbackRefused}},
		"wrong secret":   {func(a *connector.App) { a.Secret = secret.NewText("not-the-secret-of-it") }, callback, []connector.Verdict{connector.AppAccepted, connector.CallbackRefused}},
		"wrong id":       {func(a *connector.App) { a.ID = "nobody-s-id" }, callback, []connector.Verdict{connector.AppAccepted, connector.CallbackRefused}},
		"wrong callback": {func(*connector.App) {}, callback + "/of/another", []connector.Verdict{connector.AppRefused}},
	} {
		if way.OAuth.SecretIn == connector.SecretNone && name == "wrong secret" {
			continue
		}
		b := s.unconnected()
		owner, ok := b.platform.(fake.Registered)
		if !s.is(ok, "way "+way.Way, "the fake doesn't say which app is registered") {
			b.close()
			return
		}
		g := b.grip()
		g.Tokens = nil
		g.App = appOf(owner.Owner())
		// The fake takes the first callback for the registered one.
		if _, err := connector.TestApp(context.Background(), b.pub, way.Way, callback, g); err != nil {
			s.fail(name, "the test broke: %v", err)
		}
		c.spoil(&g.App)
		found, err := connector.TestApp(context.Background(), b.pub, way.Way, c.callback, g)
		s.is(err == nil, name, "the test broke: %v", err)
		for _, wrong := range c.never {
			s.is(found.Verdict != wrong, name, "the test says %s (%s)", found.Verdict, found.Words)
		}
		b.close()
	}
}
