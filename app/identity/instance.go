package identity

import (
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// InstanceID is the name of this server, which it has since it was claimed.
func InstanceID(tx store.ReadTx) (ref.Instance, bool) {
	i, ok := instances.Get(tx, store.K("instance"))
	return i.ID, ok
}
