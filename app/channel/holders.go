package channel

import "github.com/omniposto/omniposto/app/base/secret"

// Holders lists the tables of this package that hold sealed values.
func Holders() []secret.Holder {
	type visit = func(secret.Place, *secret.Sealed)
	return []secret.Holder{
		secret.Hold(&tokens, func(t *token, v visit) {
			v(tokenPlace(Channel{Organization: t.Organization, Workspace: t.Workspace, ID: t.Channel}), &t.Sealed)
		}),
		secret.Hold(&apps, func(a *app, v visit) { v(appPlace(*a), &a.Sealed) }),
		secret.Hold(&credentials, func(c *credential, v visit) { v(credentialPlace(*c), &c.Sealed) }),
		secret.Hold(&arrivals, func(a *arrival, v visit) { v(arrivalPlace(*a), &a.Sealed) }),
		secret.Hold(&states, func(s *state, v visit) { v(statePlace(*s), &s.Sealed) }),
	}
}
