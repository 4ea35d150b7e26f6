package identity

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"time"

	"github.com/omniposto/omniposto/app/base/random"
	"github.com/omniposto/omniposto/app/op"
)

// A browser that isn't signed in yet is known by cookies of its own: what it began there can be ended only there. Each
// thing one may begin has its own, because a page begins several at once, and of two answers to a browser without a
// cookie the later takes the place of the earlier.

type errand string

const (
	errandPasskey  errand = "passkey"
	errandSignOn   errand = "sign_on"
	errandRecovery errand = "recovery"

	errandLife = 30 * time.Minute
)

func (e errand) cookie(secure bool) string {
	if secure {
		return "__Host-omniposto_" + string(e)
	}
	return "omniposto_" + string(e)
}

// token is what the browser's cookie holds, or nothing.
func (e errand) token(c op.Call) string {
	cookies, err := http.ParseCookie(c.Header("Cookie"))
	if err != nil {
		return ""
	}
	for _, found := range cookies {
		if raw, err := base64.RawURLEncoding.DecodeString(found.Value); found.Name == e.cookie(c.Secure) && err == nil && len(raw) == 32 {
			return found.Value
		}
	}
	return ""
}

// of is the hash of the browser's token; nil for a browser that began nothing of the kind here.
func (e errand) of(c op.Call) []byte {
	token := e.token(c)
	if token == "" {
		return nil
	}
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// begin gives the browser a token, or lets it keep its own for another half hour, and returns the hash.
func (e errand) begin(c op.Call) []byte {
	token, extra := e.token(c), ""
	if token == "" {
		token = base64.RawURLEncoding.EncodeToString(random.Bytes(32))
	}
	if c.Secure {
		extra = "; Secure"
	}
	c.SetCookie(fmt.Sprintf("%s=%s; Path=/; Max-Age=%d; HttpOnly; SameSite=Lax%s", e.cookie(c.Secure), token, int(errandLife/time.Second), extra))
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}
