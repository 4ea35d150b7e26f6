package genericwebhook

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/omniposto/omniposto/app/connector"
)

// The forms of a secret: symmetric, and the private half of an Ed25519 pair.
const (
	symmetric  = "whsec_"
	asymmetric = "whsk_"
)

var errSecret = errors.New("no secret of Standard Webhooks")

// sign puts timestamp, signatures and the extra header into a request whose webhook-id stands. It signs exactly the
// bytes that are sent.
func sign(c *connector.Call, r *http.Request, body []byte) error {
	id := r.Header.Get("webhook-id")
	at := strconv.FormatInt(c.Now.Unix(), 10)
	r.Header.Set("webhook-timestamp", at)
	var list []string
	var err error
	c.Token.Extra["secret"].Use(func(secrets string) {
		list, err = signatures(strings.FieldsFunc(secrets, separates), id+"."+at+"."+string(body))
	})
	if err != nil {
		return connector.Reject("The signing secret can't be read. Connect again.", "reconnect")
	}
	if list != nil {
		r.Header.Set("webhook-signature", strings.Join(list, " "))
	}
	c.Token.Extra["header"].Use(func(line string) {
		if name, value, ok := strings.Cut(line, ":"); ok {
			value = strings.TrimSpace(value)
			c.Hide(value)
			r.Header.Set(strings.TrimSpace(name), value)
		}
	})
	return nil
}

func separates(r rune) bool { return r == ' ' || r == ',' || r == '\n' }

// signatures are one for each secret, so that a receiver that changes its secret finds both.
func signatures(secrets []string, content string) ([]string, error) {
	var out []string
	for _, s := range secrets {
		if rest, ok := strings.CutPrefix(s, asymmetric); ok {
			key, err := base64.StdEncoding.DecodeString(rest)
			if err != nil || len(key) != ed25519.SeedSize && len(key) != ed25519.PrivateKeySize {
				return nil, errSecret
			}
			private := ed25519.NewKeyFromSeed(key[:ed25519.SeedSize])
			out = append(out, "v1a,"+base64.StdEncoding.EncodeToString(ed25519.Sign(private, []byte(content))))
			continue
		}
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(s, symmetric))
		if err != nil || len(key) < 16 || len(key) > 64 {
			return nil, errSecret
		}
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(content))
		out = append(out, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	return out, nil
}

// wrongSecret says what is wrong with what was entered.
func wrongSecret(c *connector.Call) (words string) {
	c.Token.Extra["secret"].Use(func(secrets string) {
		if _, err := signatures(strings.FieldsFunc(secrets, separates), ""); err != nil {
			words = "A signing secret is whsec_ and 24 to 64 bytes in base64."
		}
	})
	c.Token.Extra["header"].Use(func(line string) {
		if name, value, ok := strings.Cut(line, ":"); line != "" && (!ok || !isToken(name) || strings.ContainsAny(value, "\r\n")) {
			words = "An extra header is a name, a colon and a value."
		}
	})
	return words
}

// isToken says that s may be the name of a header, and is none that we set ourselves.
func isToken(s string) bool {
	s = strings.ToLower(strings.TrimSpace(s))
	if s == "" || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" || strings.HasPrefix(s, "webhook-") {
		return false
	}
	return s != "host" && s != "content-length" && s != "content-type" && s != "transfer-encoding" && s != "connection"
}
