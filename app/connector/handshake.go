package connector

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"
)

// Handshaker is a connector with a way of kind Handshake: a page or an app of the platform gives access without any app
// of ours. Greet begins; the person agrees there; then the platform sends the browser back, or we ask until it is so.
//
// It serves pages that come back with what they granted (Misskey, WordPress) and signers that answer later and elsewhere
// (Farcaster, Nostr). Like a sign-in it is bound to session and workspace, used once, and good for ten minutes.
type Handshaker interface {
	// Greet begins. Secret connect fields are in c.Token.Extra; what is needed later goes into Kept. back is where the browser comes back to; it carries the state, and more may be added to it.
	Greet(ctx context.Context, c *Call, back string) (Greeting, error)
	// Agreed gives the access that the person agreed to. answer is what the browser came back with, empty when we ask.
	// NotYet says that nobody agreed so far; only a handshake with Every is asked again.
	Agreed(ctx context.Context, c *Call, kept map[string]string, answer url.Values) (Token, error)
}

// Greeting is a handshake that was begun.
type Greeting struct {
	Address string            // where the person agrees; "": in an app that was told already
	Kept    map[string]string // what Agreed needs; sealed meanwhile
	Every   time.Duration     // how often to ask; 0: the platform sends the browser back
}

// SignsIn says that the way begins with channels.authorize and leads through a page or an app of the platform.
func (c Connect) SignsIn() bool { return c.OAuth != nil || c.Kind == Handshake }

// ServerField names the connect field with the channel's own server, "" where the platform has one for all.
func (c Connect) ServerField() string {
	if c.OAuth != nil {
		return c.OAuth.Host
	}
	for _, f := range c.Fields {
		if f.Kind == FieldServer {
			return f.Name
		}
	}
	return ""
}

// Page is the address of a declared host's page that a browser is sent to.
func (c *Call) Page(r Request) (string, error) {
	at, err := c.address(r)
	if err == nil {
		err = c.move(at)
	}
	if err != nil {
		return "", err
	}
	return at.String(), nil
}

// Waiting is when to ask again about something that isn't so yet; false: the error says something else.
func Waiting(err error) (time.Time, bool) {
	var w *waiting
	if errors.As(err, &w) {
		return w.until, true
	}
	return time.Time{}, false
}

// greet begins a handshake. What the person entered that is secret stands in the call's token.
func greet(ctx context.Context, pub Publisher, s SignIn, secrets map[string]string, g Grip) (SignIn, string, error) {
	h, ok := pub.(Handshaker)
	if !ok {
		return SignIn{}, "", &Failed{Class: Rejected, Step: "greet", Words: "This platform can't be connected that way."}
	}
	g.Token = Token{Extra: texts(secrets)}
	back := s.Callback + "?" + url.Values{"state": {s.State}}.Encode()
	begun, err := Do(ctx, pub, Channel{Way: s.Way, Fields: s.Fields}, &g, "greet", func(ctx context.Context, c *Call) (Greeting, error) { return h.Greet(ctx, c, back) })
	if err != nil {
		return SignIn{}, "", err
	}
	s.Kept, s.Every = texts(begun.Kept), begun.Every
	return s, begun.Address, nil
}

// agree ends a handshake, or says by NotYet that it has to wait.
func agree(ctx context.Context, pub Publisher, s SignIn, answer url.Values, g Grip) (Joined, error) {
	h, ok := pub.(Handshaker)
	if !ok {
		return Joined{}, &Failed{Class: Rejected, Step: "agreed", Words: "This sign-in is no longer known. Start again."}
	}
	ch := Channel{Way: s.Way, Fields: s.Fields}
	token, err := Do(ctx, pub, ch, &g, "agreed", func(ctx context.Context, c *Call) (Token, error) {
		kept := plains(s.Kept)
		for _, value := range kept {
			c.Hide(value)
		}
		token, err := h.Agreed(ctx, c, kept, answer)
		return token, c.keep(err)
	})
	if _, waits := Waiting(err); waits && s.Every == 0 {
		return Joined{}, &Failed{Class: Rejected, Step: "agreed", Status: http.StatusOK, Words: "Nobody agreed there. Nothing was connected.", Fix: "reconnect"}
	}
	if err != nil {
		return Joined{}, err
	}
	return Adopt(ctx, pub, ch, token, g)
}
