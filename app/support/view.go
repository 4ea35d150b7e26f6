package support

import (
	"context"
	"time"

	"github.com/omniposto/omniposto/app/access"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// The types below are all that can ever leave by a grant. A test compares their fields with the list that the product
// promises; a new field fails it.

// MemberRead is a member in the category account. The e-mail address is masked.
type MemberRead struct {
	ID           ref.Member  `json:"id"`
	Name         string      `json:"display_name"`
	Email        string      `json:"email" doc:"Masked: its first letter and its domain."`
	Role         access.Role `json:"role"`
	Created      time.Time   `json:"created"`
	LastSeenDay  string      `json:"last_seen_day,omitempty"`
	SecondFactor bool        `json:"mfa" doc:"On or off; never the method or the count."`
	Language     string      `json:"language"`
	Timezone     string      `json:"timezone"`
	MailBounced  bool        `json:"mail_bounced"`
}

// ChannelRead is a channel in the category organization.
type ChannelRead struct {
	ID             ref.Channel `json:"id"`
	Workspace      string      `json:"workspace"`
	Platform       string      `json:"platform"`
	Handle         string      `json:"handle"`
	State          string      `json:"state"`
	LastErrorClass string      `json:"last_error_class,omitempty"`
	TokenExpiresAt *time.Time  `json:"token_expires_at,omitempty"`
	Scopes         []string    `json:"granted_scopes" maxItems:"100"`
}

// OrganizationRead is the category organization.
type OrganizationRead struct {
	ID         ref.Organization `json:"id"`
	Name       string           `json:"name"`
	Plan       string           `json:"plan" doc:"none where there are no plans."`
	Limits     map[string]int64 `json:"limits"`
	Use        map[string]int64 `json:"use"`
	Members    int              `json:"member_count"`
	Workspaces []string         `json:"workspace_names" maxItems:"1000"`
	Security   map[string]bool  `json:"security_policy"`
	Retention  map[string]int64 `json:"retention_days"`
	Channels   []ChannelRead    `json:"channels" maxItems:"1000"`
}

// PostRow is a post in the list of the category posts.
type PostRow struct {
	ID        ref.Post   `json:"id"`
	Workspace string     `json:"workspace"`
	State     string     `json:"state"`
	DueAt     *time.Time `json:"due_at,omitempty"`
	CreatedAt time.Time  `json:"created_at"`
}

// VariantRead is the text that a channel gets.
type VariantRead struct {
	Channel ref.Channel `json:"channel"`
	Texts   []string    `json:"texts" maxItems:"100"`
}

// AttemptRead is one try of a delivery.
type AttemptRead struct {
	StartedAt  time.Time `json:"started_at"`
	Class      string    `json:"class,omitempty"`
	StatusCode int       `json:"status_code,omitempty"`
	Message    string    `json:"message,omitempty" doc:"The platform's answer, redacted."`
}

// DeliveryRead is a delivery of a post.
type DeliveryRead struct {
	ID        ref.Delivery  `json:"id"`
	Channel   ref.Channel   `json:"channel"`
	State     string        `json:"state"`
	DueAt     time.Time     `json:"due_at"`
	Attempts  []AttemptRead `json:"attempts" maxItems:"200"`
	Permalink string        `json:"permalink,omitempty"`
}

// PostRead is one post in the category posts.
type PostRead struct {
	ID         ref.Post       `json:"id"`
	Workspace  string         `json:"workspace"`
	Texts      []string       `json:"texts" maxItems:"100"`
	Variants   []VariantRead  `json:"variants" maxItems:"100"`
	State      string         `json:"state"`
	DueAt      *time.Time     `json:"schedule,omitempty"`
	Timezone   string         `json:"schedule_timezone,omitempty"`
	Labels     []string       `json:"labels" maxItems:"100"`
	Deliveries []DeliveryRead `json:"deliveries" maxItems:"1000"`
	Approval   string         `json:"approval_state,omitempty"`
}

// AssetRow is a file in the list of the category media.
type AssetRow struct {
	ID        ref.Asset `json:"id"`
	Workspace string    `json:"workspace"`
	MIME      string    `json:"mime"`
	CreatedAt time.Time `json:"created_at"`
}

// AssetRead is one file in the category media.
type AssetRead struct {
	ID        ref.Asset  `json:"id"`
	Workspace string     `json:"workspace"`
	Name      string     `json:"file_name"`
	MIME      string     `json:"mime"`
	Bytes     int64      `json:"bytes"`
	Width     int        `json:"width,omitempty"`
	Height    int        `json:"height,omitempty"`
	Seconds   float64    `json:"duration_seconds,omitempty"`
	Alt       string     `json:"alt_text"`
	CreatedAt time.Time  `json:"created_at"`
	UsedIn    []ref.Post `json:"used_in" maxItems:"1000"`
}

// AnalyticsRead is the category analytics: the figures that the organization's own screens display. They display none
// yet, so it is empty.
type AnalyticsRead struct {
	Figures map[string]int64 `json:"figures"`
}

// Rows is one page of a list and where the next begins.
type Rows[T any] struct {
	Items []T
	Next  store.Key
}

// Source is where content comes from. The wiring fills it from the nouns; each function reads one organization and
// answers types of this package only. ok is false for what isn't there, isn't visible or belongs to somebody else.
type Source interface {
	Members(tx store.ReadTx, o ref.Organization, after store.Key, n int) Rows[MemberRead]
	Organization(tx store.ReadTx, o ref.Organization) OrganizationRead
	Channel(tx store.ReadTx, o ref.Organization, id ref.Channel) (ChannelRead, bool)
	Posts(tx store.ReadTx, o ref.Organization, after store.Key, n int) Rows[PostRow]
	Post(tx store.ReadTx, o ref.Organization, id ref.Post) (PostRead, bool)
	Assets(tx store.ReadTx, o ref.Organization, after store.Key, n int) Rows[AssetRow]
	Asset(tx store.ReadTx, o ref.Organization, id ref.Asset) (AssetRead, bool)
	Thumbnail(ctx context.Context, o ref.Organization, id ref.Asset) (*op.File, error)
	Analytics(tx store.ReadTx, o ref.Organization) AnalyticsRead
}
