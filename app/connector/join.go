package connector

import (
	"context"
	"errors"
	"maps"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"github.com/omniposto/omniposto/app/base/secret"
)

// Joined is what becomes of connecting: the channel to save, and the token to seal.
type Joined struct {
	Identity Identity
	Channel  Channel
	Token    Token
	App      App // the app it was connected through, where there is one
}

// Troubled is the error of connect fields that don't fit, each with the field it is about.
type Troubled struct{ Troubles []Trouble }

// Error implements error.
func (t *Troubled) Error() string {
	if len(t.Troubles) == 0 {
		return "connect fields don't fit"
	}
	return t.Troubles[0].Field + ": " + t.Troubles[0].Words
}

// Join connects by fields: it checks them, keeps the secret ones apart, and asks the platform who that is. The error is
// a *Troubled or a *Failed, both with words for a person. In g only Clock, Network and BaseURL are needed.
func Join(ctx context.Context, pub Publisher, way string, fields map[string]string, g Grip) (Joined, error) {
	c, ok := pub.Spec().Way(way)
	if !ok {
		return Joined{}, &Troubled{[]Trouble{{Code: "way_unknown", Field: "way", Words: pub.Spec().Label + " can't be connected that way."}}}
	}
	open, secrets, troubles := c.Fields.Values(fields)
	if troubles != nil {
		return Joined{}, &Troubled{troubles}
	}
	var token Token
	for name, value := range secrets {
		if name == "token" {
			token.Access = secret.NewText(value)
		} else {
			token = token.With(name, value)
		}
	}
	return Adopt(ctx, pub, Channel{Way: c.Way, Fields: open}, token, g)
}

// Adopt asks who a token belongs to and completes the channel. It serves sign-in, pasted tokens and the daily health
// check alike; a channel that is known already keeps its id, target and settings.
func Adopt(ctx context.Context, pub Publisher, ch Channel, token Token, g Grip) (Joined, error) {
	g.Token = token
	if token.Scopes != nil {
		if missing := pub.Spec().Missing(ch.Way, token.Scopes); missing != nil {
			words := "These rights weren't granted: " + strings.Join(missing, ", ") + ". Connect again and allow them."
			return Joined{}, &Failed{Class: Reconnect, Step: "who", Words: words, Fix: "reconnect"}
		}
	}
	type found struct {
		id    Identity
		token Token
	}
	got, err := Do(ctx, pub, ch, &g, "who", func(ctx context.Context, c *Call) (found, error) {
		id, err := pub.Who(ctx, c)
		return found{id, c.Token}, err
	})
	if err != nil {
		return Joined{}, err
	}
	j := Joined{Identity: got.id, Channel: ch, Token: got.token, App: g.App}
	if got.id.Token != nil {
		j.Token = *got.id.Token
	}
	j.Channel.RemoteID, j.Channel.Handle, j.Channel.Name, j.Channel.URL = got.id.ID, got.id.Handle, got.id.Name, got.id.URL
	j.Channel.Facts = got.id.Facts
	j.Channel.More = maps.Clone(ch.More)
	if j.Channel.More == nil {
		j.Channel.More = map[string]string{}
	}
	maps.Copy(j.Channel.More, got.id.More)
	return j, nil
}

// Do does one thing for a channel outside of a walk: a look-up, a deletion, a health check. A token that isn't accepted
// is refreshed once; g.Token is the one in use afterwards.
func Do[T any](ctx context.Context, pub Publisher, ch Channel, g *Grip, name string, do func(context.Context, *Call) (T, error)) (T, error) {
	for refreshed := false; ; refreshed = true {
		c := newCall(pub.Spec(), ch, g, name)
		out, err := do(ctx, c)
		c.over.Store(true)
		if err == nil || refreshed || ClassOf(err) != Reconnect {
			return out, err
		}
		p := &Pass{Draft: &Draft{Channel: ch}, spec: pub.Spec(), pub: pub, grip: g}
		if !p.refresh(ctx, &Outcome{}) {
			return out, err
		}
	}
}

// Missing lists the rights of a way that weren't granted. A wide right ("write") holds its parts ("write:statuses").
func (s *Spec) Missing(way string, granted []string) []string {
	c, _ := s.Way(way)
	var missing []string
	for _, want := range c.Scopes {
		wide, _, _ := strings.Cut(want, ":")
		if !slices.Contains(granted, want) && !slices.Contains(granted, wide) {
			missing = append(missing, want)
		}
	}
	return missing
}

// Values reads connect fields: what may be shown, what is secret, and what is wrong.
func (f Form) Values(given map[string]string) (open, secrets map[string]string, troubles []Trouble) {
	open, secrets = map[string]string{}, map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if _, ok := f.Field(name); !ok {
			troubles = append(troubles, Trouble{Code: "field_unknown", Field: name, Words: "There is no field " + strconv.Quote(name) + " here."})
		}
	}
	for _, field := range f {
		value, words := field.value(given[field.Name])
		switch {
		case words != "":
			troubles = append(troubles, Trouble{Code: "field_invalid", Field: field.Name, Words: words})
		case value == "" && field.Must && f.wanted(field, given):
			troubles = append(troubles, Trouble{Code: "field_missing", Field: field.Name, Words: field.title() + " is needed."})
		case value == "":
		case field.Secret:
			secrets[field.Name] = value
		default:
			open[field.Name] = value
		}
	}
	return open, secrets, troubles
}

func (f Form) wanted(field Field, given map[string]string) bool {
	return field.When == nil || slices.Contains(field.When.Values, given[field.When.Field])
}

// value cleans what a person pasted into one field.
func (f Field) value(s string) (value, words string) {
	s = strings.TrimSpace(s)
	if s == "" {
		if f.Default != nil {
			o, _ := optionOf(f.Default)
			return o.ID, ""
		}
		return "", ""
	}
	switch f.Kind {
	case FieldServer:
		return ServerAddress(s)
	case FieldURL:
		if !urlPattern.MatchString(s) || len(s) > maxURL {
			return "", "A web address that begins with https:// is expected."
		}
	case FieldChoice:
		if !slices.ContainsFunc(f.Options, func(o Option) bool { return o.ID == s }) {
			return "", "Choose one of the values."
		}
	}
	if n := int64(utf8.RuneCountInString(s)); f.Max > 0 && n > f.Max || n > 8192 {
		return "", f.title() + " is too long."
	}
	return s, ""
}

const noServer = "This is no address of a server. It looks like https://mastodon.social."

// ServerAddress reads the address of a server as people write it: a bare name, a whole address, or a handle like
// @me@example.org.
func ServerAddress(s string) (address, words string) {
	s = strings.TrimSpace(s)
	if !strings.Contains(s, "://") {
		if i := strings.LastIndexByte(s, '@'); i >= 0 {
			s = s[i+1:]
		}
		s = "https://" + s
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil {
		return "", noServer
	}
	host, err := asciiHost(u.Hostname())
	if err != nil {
		return "", noServer
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return "", noServer
		}
		host += ":" + port
	}
	return u.Scheme + "://" + host + strings.TrimRight(u.EscapedPath(), "/"), ""
}

var errHost = errors.New("no host name")

func asciiHost(host string) (string, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		if addr.Is6() {
			return "[" + addr.WithZone("").String() + "]", nil
		}
		return addr.String(), nil
	}
	name, err := idna.Lookup.ToASCII(strings.TrimSuffix(host, "."))
	if err != nil || name == "" || !strings.Contains(name, ".") && name != "localhost" {
		return "", errHost
	}
	return strings.ToLower(name), nil
}
