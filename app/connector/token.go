package connector

import (
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"github.com/omniposto/omniposto/app/base/secret"
)

// Token is what lets us act for a channel. It is sealed wherever it is kept.
type Token struct {
	Access, Refresh secret.Text
	Extra           map[string]secret.Text // secret connect fields and keys: password, webhook address, signing secret
	ExpiresAt       time.Time              // of Access; zero: it doesn't end, or nobody knows
	RenewedAt       time.Time              // when it was last refreshed; zero after a sign-in
	Scopes          []string
}

// App is the app that a channel was connected through: an administrator's, an organization's, or one that we registered
// at the channel's own server.
type App struct {
	ID     string
	Secret secret.Text
	Extra  map[string]string
}

// sealed is a token as it is sealed; only Plain and ReadToken use it.
type sealedToken struct {
	Access    string            `json:"access,omitempty"`
	Refresh   string            `json:"refresh,omitempty"`
	Extra     map[string]string `json:"extra,omitempty"`
	ExpiresAt time.Time         `json:"expires_at,omitzero"`
	RenewedAt time.Time         `json:"renewed_at,omitzero"`
	Scopes    []string          `json:"scopes,omitempty"`
}

// Plain lends the token's bytes to seal, which must encrypt them before they are kept.
func (t Token) Plain(seal func(plain []byte) error) error {
	raw, err := json.Marshal(sealedToken{plain(t.Access), plain(t.Refresh), t.extra(), t.ExpiresAt, t.RenewedAt, t.Scopes})
	if err != nil {
		return fmt.Errorf("write token: %w", err)
	}
	defer clear(raw)
	return seal(raw)
}

// ReadToken reads what Plain lent.
func ReadToken(raw []byte) (Token, error) {
	var s sealedToken
	if err := json.Unmarshal(raw, &s); err != nil {
		return Token{}, fmt.Errorf("read token: it isn't one") // the cause could show a part of it
	}
	t := Token{Access: secret.NewText(s.Access), Refresh: secret.NewText(s.Refresh), ExpiresAt: s.ExpiresAt, RenewedAt: s.RenewedAt, Scopes: s.Scopes}
	for name, v := range s.Extra {
		t = t.With(name, v)
	}
	return t, nil
}

// With is the token with one more secret.
func (t Token) With(name, value string) Token {
	extra := maps.Clone(t.Extra)
	if extra == nil {
		extra = map[string]secret.Text{}
	}
	extra[name] = secret.NewText(value)
	t.Extra = extra
	return t
}

// Without is the token without that secret.
func (t Token) Without(name string) Token {
	t.Extra = maps.Clone(t.Extra)
	delete(t.Extra, name)
	return t
}

// Same says that both are the same secret.
func (t Token) Same(u Token) bool {
	if !t.Access.Equal(u.Access) || len(t.Extra) != len(u.Extra) {
		return false
	}
	for name, v := range t.Extra {
		if !v.Equal(u.Extra[name]) {
			return false
		}
	}
	return true
}

// Renewed is next as what takes t's place: an absent refresh token or secret keeps the old one.
func (t Token) Renewed(next Token, now time.Time) Token {
	if next.Refresh.Empty() {
		next.Refresh = t.Refresh
	}
	extra := maps.Clone(t.Extra)
	if extra == nil && len(next.Extra) > 0 {
		extra = map[string]secret.Text{}
	}
	maps.Copy(extra, next.Extra)
	next.Extra = extra
	if next.Scopes == nil {
		next.Scopes = t.Scopes
	}
	next.RenewedAt = now
	return next
}

// Stale says that the token should be refreshed before it is used.
func (t Token) Stale(l Life, now time.Time) bool {
	at := t.RenewAt(l)
	return !at.IsZero() && !now.Before(at)
}

// RenewAt is when the token should be refreshed: 80 % of its life are over or a day is left, whichever is earlier, and
// never more than its life allows. The zero time: it doesn't end, or nobody knows.
func (t Token) RenewAt(l Life) time.Time {
	if t.ExpiresAt.IsZero() {
		return time.Time{}
	}
	life := l.Access
	if life == 0 && !t.RenewedAt.IsZero() {
		life = t.ExpiresAt.Sub(t.RenewedAt)
	}
	lead := min(max(life/5, time.Minute), 24*time.Hour)
	if life > 5*24*time.Hour {
		lead = max(life/5, 24*time.Hour)
	}
	return t.ExpiresAt.Add(-lead)
}

func (t Token) extra() map[string]string { return plains(t.Extra) }

func plains(list map[string]secret.Text) map[string]string {
	out := map[string]string{}
	for name, v := range list {
		out[name] = plain(v)
	}
	return out
}

func texts(list map[string]string) map[string]secret.Text {
	if list == nil {
		return nil
	}
	out := map[string]secret.Text{}
	for name, v := range list {
		out[name] = secret.NewText(v)
	}
	return out
}

// plains are all secrets of the token, for redaction.
func (t Token) plains() []string {
	out := []string{plain(t.Access), plain(t.Refresh)}
	for _, v := range t.Extra {
		out = append(out, plain(v))
	}
	return out
}

func plain(t secret.Text) (s string) { t.Use(func(p string) { s = p }); return s }
