package ghost

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/connector"
)

const (
	apiRoot    = "/ghost/api/admin"
	apiVersion = "v5.0" // the oldest that knows all that we send
	proofLife  = 5 * time.Minute
)

// at is a request to a route of the Admin API.
func at(method, route string, query url.Values) connector.Request {
	return connector.Request{Method: method, Path: apiRoot + route, Query: query, Header: map[string]string{"Accept-Version": apiVersion}}
}

// send sends JSON, if any, to a route and puts what Ghost says of a wrong field into the words of a refusal.
func send(ctx context.Context, c *connector.Call, r connector.Request, body, into any) error {
	r.JSON, r.Into = body, into
	_, err := c.Send(ctx, r)
	if f := connector.AsFailed(err); f != nil && f.Body("errors.0.type") == "ValidationError" && f.Body("errors.0.context") != "" {
		f.Words = strings.TrimSuffix(f.Words, ".") + ": " + f.Body("errors.0.context")
	}
	return err
}

// sign proves that we have the key, with a token that is good for five minutes.
func sign(c *connector.Call, r *http.Request, _ []byte) error {
	var token string
	var err error
	c.Token.Access.Use(func(key string) { token, err = proof(key, c.Now) })
	if err != nil {
		return connector.Reject("The Admin API key can't be read. Connect again.", "reconnect")
	}
	c.Hide(token)
	r.Header.Set("Authorization", "Ghost "+token)
	return nil
}

// proof is a JSON Web Token, HMAC with SHA-256.
func proof(key string, now time.Time) (string, error) {
	id, encoded, _ := strings.Cut(key, ":")
	secret, err := hex.DecodeString(encoded)
	if err != nil || id == "" || len(secret) == 0 {
		return "", fmt.Errorf("no Admin API key")
	}
	head, err := json.Marshal(map[string]string{"alg": "HS256", "typ": "JWT", "kid": id})
	if err != nil {
		return "", fmt.Errorf("token: %w", err)
	}
	claims, err := json.Marshal(map[string]any{"iat": now.Unix(), "exp": now.Add(proofLife).Unix(), "aud": "/admin/"})
	if err != nil {
		return "", fmt.Errorf("token: %w", err)
	}
	content := base64.RawURLEncoding.EncodeToString(head) + "." + base64.RawURLEncoding.EncodeToString(claims)
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(content))
	return content + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil)), nil
}

// wrongKey says what is wrong with what was pasted.
func wrongKey(c *connector.Call) (words string) {
	c.Token.Access.Use(func(key string) {
		if _, err := proof(key, c.Now); err != nil {
			words = "An Admin API key is two groups of letters and digits with a colon between. The Content API key has no colon."
		}
	})
	return words
}
