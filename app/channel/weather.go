package channel

import (
	"strconv"
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/event"
	"github.com/omniposto/omniposto/store"
)

// AccessView is how the access to a platform stands, and what becomes of it.
type AccessView struct {
	Kind     string     `json:"kind" enum:"none,sign_in,app_password,token,webhook,key" doc:"What we hold."`
	EndsAt   *time.Time `json:"ends_at,omitempty" doc:"Absent: it doesn't end, or the platform doesn't say."`
	DaysLeft *int       `json:"days_left,omitempty" doc:"Whole days until then."`
	RenewsAt *time.Time `json:"renews_at,omitempty" doc:"When it is renewed without anybody's doing. Absent though it ends: somebody must connect again before."`
	Missing  []string   `json:"missing_scopes,omitempty" maxItems:"100" doc:"Rights that weren't granted."`
}

var accessKinds = map[connector.ConnectKind]string{
	connector.OAuth2: "sign_in", connector.OAuth2PKCE: "sign_in", connector.OAuth2Registered: "sign_in", connector.PARDPoP: "sign_in", connector.Handshake: "sign_in",
	connector.OAuth1: "token", connector.PastedToken: "token", connector.Pairing: "token", connector.AppPassword: "app_password", connector.Keypair: "key",
	connector.Webhook: "webhook", connector.Nothing: "none",
}

// access is how the channel's access stands now.
func (s *Channels) access(c Channel, now time.Time) AccessView {
	v := AccessView{Kind: "none", EndsAt: instant(c.TokenExpiresAt)}
	pub, ok := s.Platform(c.Platform)
	if !ok {
		return v
	}
	way, ok := pub.Spec().Way(c.Way)
	if !ok {
		return v
	}
	v.Kind = accessKinds[way.Kind]
	if c.Scopes != nil {
		v.Missing = pub.Spec().Missing(c.Way, c.Scopes)
	}
	if c.TokenExpiresAt.IsZero() {
		return v
	}
	days := max(0, int(c.TokenExpiresAt.Sub(now)/(24*time.Hour)))
	v.DaysLeft = &days
	if s.renews(pub, c, way) && c.State != Reconnect {
		at := connector.Token{ExpiresAt: c.TokenExpiresAt}.RenewAt(way.Life)
		v.RenewsAt = &at
	}
	return v
}

// renews says whether the access is renewed without anybody's doing.
func (s *Channels) renews(pub connector.Publisher, c Channel, way connector.Connect) bool {
	_, can := pub.(connector.Refresher)
	return can && (c.Renews || way.Life.Extend > 0)
}

// View is the channel as the API shows it.
func (s *Channels) View(c Channel, now time.Time) View {
	v := c.view()
	v.Access = s.access(c, now)
	return v
}

// warnAt are the whole days before the end of an access that only a person can renew, at which people are told.
var warnAt = []int{1, 7, 14}

// warn tells people that the access ends soon, once at each step. It says whether the channel changed.
func (s *Channels) warn(tx store.Tx, c *Channel) bool {
	now := tx.Now()
	pub, ok := s.Platform(c.Platform)
	if !ok || c.State == Reconnect || c.TokenExpiresAt.IsZero() || !c.TokenExpiresAt.After(now) {
		return false
	}
	if way, ok := pub.Spec().Way(c.Way); !ok || s.renews(pub, *c, way) {
		return false
	}
	left := c.TokenExpiresAt.Sub(now)
	for _, days := range warnAt {
		if left > time.Duration(days)*24*time.Hour {
			continue
		}
		if c.Warned != 0 && c.Warned <= days {
			return false
		}
		c.Warned = days
		whole := int((left + 24*time.Hour - 1) / (24 * time.Hour)) // a channel may be connected with few days left
		words := c.Name + " on " + pub.Spec().Label + ": access ends in " + strconv.Itoa(whole) + " days. Connect it again before."
		if whole == 1 {
			words = c.Name + " on " + pub.Spec().Label + ": access ends within a day. Connect it again before."
		}
		event.Append(tx, event.Change{Organization: c.Organization, Workspace: c.Workspace, Kind: "channel.expiring", On: c.ID.String(), Tell: true, Words: words})
		return true
	}
	return false
}
