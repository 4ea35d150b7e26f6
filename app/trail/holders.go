package trail

import "github.com/omniposto/omniposto/app/base/secret"

// Holders lists the tables of this package that hold sealed values.
func Holders() []secret.Holder {
	return []secret.Holder{secret.Hold(&offsites, func(o *offsite, visit func(secret.Place, *secret.Sealed)) {
		for name, t := range map[string]*target{webhook: o.Webhook, digest: o.Digest, witness: o.Witness, bucket: o.Bucket} {
			if t != nil {
				visit(place(o.Organization, name), &t.Address)
				visit(place(o.Organization, name+"_secret"), &t.Secret)
			}
		}
	})}
}
