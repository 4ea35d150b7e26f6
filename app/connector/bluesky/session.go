package bluesky

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/url"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/base/secret"
	"github.com/omniposto/omniposto/app/connector"
)

// session is what createSession, refreshSession and getSession answer.
type session struct {
	Access  string  `json:"accessJwt"`
	Refresh string  `json:"refreshJwt"`
	Handle  string  `json:"handle"`
	DID     string  `json:"did"`
	DIDDoc  *didDoc `json:"didDoc"`
	Active  *bool   `json:"active"`
	Status  string  `json:"status"`
}

type didDoc struct {
	Service []struct {
		ID       string `json:"id"`
		Endpoint string `json:"serviceEndpoint"`
	} `json:"service"`
}

// signIn swaps handle and app password for a session.
func signIn(ctx context.Context, c *connector.Call) (connector.Identity, error) {
	var s session
	password := ""
	c.Token.Extra["password"].Use(func(p string) { password = p })
	handle := strings.TrimPrefix(strings.ToLower(c.Channel.Fields["handle"]), "@")
	_, err := c.Send(ctx, connector.Request{
		Method: "POST", Host: "server", Path: "/xrpc/com.atproto.server.createSession", NoAuth: true, Into: &s,
		JSON: map[string]string{"identifier": handle, "password": password},
	})
	if err != nil {
		return connector.Identity{}, err
	}
	if err := s.usable(); err != nil {
		return connector.Identity{}, err
	}
	c.Hide(s.Access, s.Refresh)
	token := s.token()
	id := connector.Identity{ID: s.DID, Handle: s.Handle, Name: s.Handle, More: map[string]string{"pds": s.pds(c.Channel.Fields["server"])}, Token: &token}
	c.Token, c.Channel.More = token, maps.Clone(id.More)
	return id, nil
}

// whoseSession asks the account's own server.
func whoseSession(ctx context.Context, c *connector.Call) (connector.Identity, error) {
	var s session
	if _, err := c.Send(ctx, connector.Request{Path: "/xrpc/com.atproto.server.getSession", Into: &s}); err != nil {
		return connector.Identity{}, err
	}
	if err := s.usable(); err != nil {
		return connector.Identity{}, err
	}
	return connector.Identity{ID: s.DID, Handle: s.Handle, Name: s.Handle, More: map[string]string{"pds": s.pds(c.Channel.More["pds"])}}, nil
}

func (s session) usable() error {
	if s.DID == "" {
		return connector.Reject("This address answers, but not as a Bluesky server.", "")
	}
	if s.Active != nil && !*s.Active {
		return connector.Reject("This account is "+s.Status+". Bluesky takes no posts from it.", "")
	}
	return nil
}

// pds is the account's own server, by its document, else the one that was asked.
func (s session) pds(asked string) string {
	if s.DIDDoc != nil {
		for _, service := range s.DIDDoc.Service {
			u, err := url.Parse(service.Endpoint)
			if strings.HasSuffix(service.ID, "#atproto_pds") && err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http") {
				return u.Scheme + "://" + u.Host
			}
		}
	}
	return asked
}

func (s session) token() connector.Token {
	return connector.Token{Access: secret.NewText(s.Access), Refresh: secret.NewText(s.Refresh), ExpiresAt: expiry(s.Access)}
}

// expiry reads the end out of a JWT, without trusting it for more than that.
func expiry(jwt string) time.Time {
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		return time.Time{}
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return time.Time{}
	}
	var claims struct {
		Exp int64 `json:"exp"`
	}
	if json.Unmarshal(raw, &claims) != nil || claims.Exp == 0 {
		return time.Time{}
	}
	return time.Unix(claims.Exp, 0).UTC()
}

// inNetwork says that Bluesky's video service works for this server.
func inNetwork(pds string) bool {
	u, err := url.Parse(pds)
	return err == nil && (u.Hostname() == "bsky.social" || strings.HasSuffix(u.Hostname(), ".host.bsky.network"))
}

// profile adds name and picture; a server without the network's view has none, which is no reason to fail.
func profile(ctx context.Context, c *connector.Call, id *connector.Identity) {
	var out struct {
		DisplayName string `json:"displayName"`
		Avatar      string `json:"avatar"`
	}
	_, err := c.Send(ctx, connector.Request{Path: "/xrpc/app.bsky.actor.getProfile", Query: url.Values{"actor": {id.ID}}, Into: &out})
	if err != nil {
		return
	}
	id.Avatar = out.Avatar
	if out.DisplayName != "" {
		id.Name = out.DisplayName
	}
}

// Refresh implements connector.Refresher. The server gives a new refresh token each time; the old one goes on for two
// hours, so that a crash between answer and saving is survived.
func (Connector) Refresh(ctx context.Context, c *connector.Call) (connector.Token, error) {
	var s session
	if _, err := c.Send(ctx, withRefresh(c, "/xrpc/com.atproto.server.refreshSession", &s)); err != nil {
		return connector.Token{}, err
	}
	if s.Access == "" {
		return connector.Token{}, &connector.Failed{Class: connector.Reconnect, Step: "refresh", Words: "Bluesky gave no new access. Connect again.", Fix: "reconnect"}
	}
	c.Hide(s.Access, s.Refresh)
	return s.token(), nil
}

// Revoke implements connector.Revoker.
func (Connector) Revoke(ctx context.Context, c *connector.Call) error {
	if c.Token.Refresh.Empty() {
		return nil
	}
	_, err := c.Send(ctx, withRefresh(c, "/xrpc/com.atproto.server.deleteSession", nil))
	if class := connector.ClassOf(err); class == connector.Reconnect || class == connector.Rejected {
		return nil
	}
	return err
}

func withRefresh(c *connector.Call, path string, into any) connector.Request {
	r := connector.Request{Method: "POST", Path: path, NoAuth: true, Into: into}
	c.Token.Refresh.Use(func(p string) { r.Header = map[string]string{"Authorization": "Bearer " + p} })
	return r
}
