package identity

import "github.com/omniposto/omniposto/app/base/secret"

// Holders lists the tables of this package that hold sealed values.
func Holders() []secret.Holder {
	type visit = func(secret.Place, *secret.Sealed)
	return []secret.Holder{
		secret.Hold(&factors, func(f *Factor, v visit) { v(factorPlace(*f), &f.Secret) }),
		secret.Hold(&signOns, func(s *SignOn, v visit) { v(signOnPlace(s.Organization), &s.Secret) }),
		secret.Hold(&hops, func(h *hop, v visit) { v(hopPlace(*h), &h.Sealed) }),
	}
}
