package connector

import (
	"math"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/connector/text"
)

// Spec is everything known about a platform without asking it. It is data: forms, API schema, checks, limits, previews,
// docs, connect wizard and tests are made from it.
type Spec struct {
	ID, Label, Family string // Family: the connector whose look-alike this is
	Preview           Preview
	Hosts             []Host        // where calls may go
	WebOnly           bool          // only ports 80 and 443: an address that anybody may type, not a server of the platform's kind
	Auth              Auth          // where the token goes
	Connect           []Connect     // ways to connect, best first
	Targets           *Targets      // what is chosen after sign-in and becomes the channel
	App               Form          // app credentials that an administrator enters: id and secret, and what else there is
	Registration      *Registration // how an app is registered there; nil: nothing needs to be
	Kinds             []Kind        // the first that fits a draft is taken unless the person chose
	Settings          Form
	Rules             func(d *Draft, k *Kind) []Trouble // what the fields above can't say (a poll excludes files)
	Limits            []Limit
	Prices            []Price
	Failures          Failures
	Settle            time.Duration // accept after a time-out plus the time until a post shows in lists; 0: 2 min
	Powers            []Power       // equal to what is implemented
	Unverified        []string      // what no source confirmed; shown in the docs
}

// Preview picks how the composer shows a post.
type Preview string

// The previews.
const (
	Microblog Preview = "microblog"
	Message   Preview = "message"
	Article   Preview = "article"
	Photo     Preview = "photo"
	Video     Preview = "video"
	Plain     Preview = "plain"
)

// Kind is one thing that can be posted.
type Kind struct {
	ID, Label          string
	Roles              []Role   // nil: Post
	Via                []string // ways it belongs to; nil: all
	Text               Text
	MinMedia, MaxMedia Num
	Media              []MediaRule // several rules: types may mix; types that exclude each other are two kinds
	Once               Once
	Steps              []string // as walked, commit last; "upload…" is once per item, "quote?" only when settings ask for it
	Spill              bool     // surplus files or text go on as a further delivery
	NoID               string   // why no id comes back
	Ends               string   // what the person does last, like "finish in the app"
	CallLimit          time.Duration
}

// Role is which delivery of a post a kind serves.
type Role string

// The roles.
const (
	Post    Role = "post"
	Reply   Role = "reply"   // the next segment of a thread
	Comment Role = "comment" // the first comment
	Finish  Role = "finish"  // touches after publication: repeatable steps, no commit
)

// Text is the rule for the words of a kind. The zero value takes no text.
type Text struct {
	Count    text.Count
	Max      Num
	MaxBytes int
	Link     Num  // what a link counts whatever its length; zero: its length
	Must     bool // no post without text
	Optional bool // a post without text and files is whole: its settings hold the rest, like a title
	Markup   Markup
}

// Markup is what the platform reads beside letters.
type Markup string

// The mark-ups.
const (
	PlainText Markup = "plain"
	Facets    Markup = "facets"
	Markdown  Markup = "markdown"
	HTML      Markup = "html"
	Mrkdwn    Markup = "mrkdwn"
	Little    Markup = "little"
	NPF       Markup = "npf"
	Entities  Markup = "entities"
	MFM       Markup = "mfm"
)

// Num is a number that is fixed, or told by the channel's server with a value for when it doesn't. The zero Num is no limit.
type Num struct {
	Name  string // of the fact; "" is fixed
	Value int64
}

// N is a fixed number.
func N(value int64) Num { return Num{Value: value} }

// Fact is a number that the channel's server told under this name, or fallback.
func Fact(name string, fallback int64) Num { return Num{name, fallback} }

// In gives the number for a channel with these facts; 0 is no limit.
func (n Num) In(f Facts) int64 {
	if v, ok := f[n.Name]; ok && n.Name != "" {
		return v
	}
	return n.Value
}

// Facts are numbers that a channel's server told, read at connect and once a day. A flag is 1 or 0.
type Facts map[string]int64

// MediaRule is what one type of file must be. Zero means no limit.
type MediaRule struct {
	Type                    MediaType
	MIME                    []string
	MIMEFrom                string // the name in Channel.More that lists the server's own types, separated by spaces
	MinBytes, MaxBytes      Num
	MaxPixels, MaxSide      Num
	MinAspect, MaxAspect    float64 // width / height
	MinLength, MaxLength    time.Duration
	FPS                     int
	Codecs                  []string
	Alt                     Num  // longest alt text; NoAlt where the platform has none
	ByURL                   bool // the platform fetches the file from a public address
	ByID                    bool // the file is named and not sent: our own feed
	Cover                   bool // a cover picture can be given
	MaxCount, MaxTotalBytes Num  // of this type; of all files of it together
}

// Any is a number of files that has no limit.
var Any = Num{Value: -1}

// NoAlt marks a platform without alt text.
var NoAlt = Num{Value: -1}

// MediaType is what a file is for a person.
type MediaType string

// The types.
const (
	Image       MediaType = "image"
	GIF         MediaType = "gif"
	VideoFile   MediaType = "video"
	Audio       MediaType = "audio"
	DocumentPDF MediaType = "document"
)

// Once says how a kind stays at exactly one; conform proves what is declared.
type Once struct {
	By              By
	Life            time.Duration // native: how long the platform remembers the key, by its own Date
	Then            By            // native: when the key is too old (Lookup or Ask); lookup: Ask where not finding it proves nothing
	Settle          time.Duration // where this kind lists later than Spec.Settle says
	Unnamed         bool          // handle: "published" doesn't name the post, so it is found in the list, after a mark
	DuplicateProves bool          // ask: "same words" while in doubt means that the first arrived
	Why             string        // for a person
}

// By is a way to stay at exactly one.
type By string

// The ways, in the order in which they are preferred.
const (
	Native        By = "native"        // the platform de-duplicates our key
	Deterministic By = "deterministic" // the platform takes our id
	Handle        By = "handle"        // an id given before the commit; two commits of it are one post
	Lookup        By = "lookup"        // list what the channel posted and find ours
	Ask           By = "ask"           // a person decides
)

// Forever is the life of a native key that never ends.
const Forever = time.Duration(math.MaxInt64)

// Host is one place that calls may go to.
type Host struct {
	Name    string
	Base    string // fixed address
	Field   string // the connect field that holds the address
	Secret  string // the secret connect field that is the address
	More    string // the name in Channel.More that holds the address
	Pattern string // "*.example.com": addresses that the platform hands out
	List    string // the name in Channel.More or of the connect field that holds addresses, separated by spaces
}

// At is a host with a fixed base address.
func At(name, base string) Host { return Host{Name: name, Base: base} }

// FromField is a host whose address a person gave in this connect field, which is its name too.
func FromField(field string) Host { return Host{Name: field, Field: field} }

// FromSecret is a host whose whole address is the secret.
func FromSecret(field string) Host { return Host{Name: field, Secret: field} }

// FromMore is a host whose address was learned at connect.
func FromMore(name string) Host { return Host{Name: name, More: name} }

// Matching is a host whose addresses the platform hands out; a request to it carries the whole address in Path.
func Matching(name, pattern string) Host { return Host{Name: name, Pattern: pattern} }

// Among is a host whose addresses stand in a list, learned at connect or entered; a request carries the whole address of
// one of them in Path.
func Among(name, list string) Host { return Host{Name: name, List: list} }

// addresses are those of a list.
func (h Host) addresses(ch Channel) []string {
	if learned := ch.More[h.List]; learned != "" {
		return strings.Fields(learned)
	}
	return strings.Fields(ch.Fields[h.List])
}

// Limit is how often the platform lets something be done. It is stored, corrected by the headers of every answer and
// asked before a claim.
type Limit struct {
	What    string // "posts", "uploads"
	Max     Num
	Window  time.Duration
	Per     string // channel, app, address
	Left    string // header with what is left
	Reset   string // header with when it begins anew
	Percent int    // of Max that we use; 0: 100
}

// Price is what a call costs, shown before scheduling.
type Price struct {
	What     string // for a person: "A post with an address"
	Amount   string // a decimal, like 0.015
	Currency string // like USD
	When     string // PerPost, WithLink, PerAlt, Later
}

// Targets is what is chosen after sign-in: page, location, chat, blog.
type Targets struct {
	Label, Many string // "Page", "Pages"
	Help        string
}

// SettleTime is how long after a lost answer nobody looks for the post.
func (s *Spec) SettleTime(kind string) time.Duration {
	if k, ok := s.Kind(kind); ok && k.Once.Settle > 0 {
		return k.Once.Settle
	}
	if s.Settle > 0 {
		return s.Settle
	}
	return 2 * time.Minute
}

// Kind finds a kind by its id.
func (s *Spec) Kind(id string) (Kind, bool) {
	for _, k := range s.Kinds {
		if k.ID == id {
			return k, true
		}
	}
	return Kind{}, false
}

const (
	callLimit  = 30 * time.Second
	uploadRate = 256 << 10 // bytes a second that a step's deadline reckons with
)

// CallTime is the longest that one call of this draft may take, so that a lease can hold two of them.
func (s *Spec) CallTime(d *Draft) time.Duration {
	k, _ := s.Kind(d.Kind)
	longest := max(k.CallLimit, callLimit)
	for _, m := range d.Media {
		longest = max(longest, stepTime(m.Size))
	}
	return longest
}

// stepTime is the deadline of a call that carries this many bytes.
func stepTime(size int64) time.Duration {
	return callLimit + time.Duration(size/uploadRate)*time.Second
}
