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

// A browser that isn't signed in yet is known by a cookie of its own: what it began there can be ended only there.

const browserLife = 30 * time.Minute

func browserCookie(secure bool) string {
	if secure {
		return "__Host-omniposto_browser"
	}
	return "omniposto_browser"
}

// browserToken is what the browser's cookie holds, or nothing.
func browserToken(c op.Call) string {
	cookies, err := http.ParseCookie(c.Header("Cookie"))
	if err != nil {
		return ""
	}
	for _, found := range cookies {
		if raw, err := base64.RawURLEncoding.DecodeString(found.Value); found.Name == browserCookie(c.Secure) && err == nil && len(raw) == 32 {
			return found.Value
		}
	}
	return ""
}

// browserOf is the hash of the browser's token; nil for a browser that began nothing here.
func browserOf(c op.Call) []byte {
	token := browserToken(c)
	if token == "" {
		return nil
	}
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// known gives the browser a token, or lets it keep its own for another half hour, and returns the hash.
func known(c op.Call) []byte {
	token, extra := browserToken(c), ""
	if token == "" {
		token = base64.RawURLEncoding.EncodeToString(random.Bytes(32))
	}
	if c.Secure {
		extra = "; Secure"
	}
	c.SetCookie(fmt.Sprintf("%s=%s; Path=/; Max-Age=%d; HttpOnly; SameSite=Lax%s", browserCookie(c.Secure), token, int(browserLife/time.Second), extra))
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}
