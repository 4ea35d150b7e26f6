package connector

import (
	"context"
	"time"
)

// Publisher is all that a connector must be. It has no field that changes: many walks run on one value at once.
type Publisher interface {
	Spec() *Spec
	// Who asks whose account this is, with facts, scopes and how long the token lasts: for connecting and health.
	Who(ctx context.Context, c *Call) (Identity, error)
	// Publish walks one delivery to its commit. It is called again from the top after each wait, crash or refresh:
	// saved steps answer from the store, so it reads like a plain function and resumes like a state machine.
	Publish(ctx context.Context, p *Pass) (Receipt, error)
}

// Identity is who a token belongs to.
type Identity struct {
	ID, Handle, Name, URL, Avatar string
	Facts                         Facts
	More                          map[string]string
	Scopes                        []string
	Token                         *Token   // a better token to keep instead of what the person gave (a session for a password)
	Notes                         []string // what works and is worth knowing, in plain words
}

// Power is something that a connector can do beside publishing.
type Power string

// The powers. Commenting is none: it is a kind with role Comment.
const (
	CanList     Power = "list"
	CanLook     Power = "look"
	CanRefresh  Power = "refresh"
	CanRevoke   Power = "revoke"
	CanChoose   Power = "choose"
	CanLookUp   Power = "lookup"
	CanFinish   Power = "finish"
	CanEdit     Power = "edit"
	CanDelete   Power = "delete"
	CanRead     Power = "replies"
	CanMeasure  Power = "figures"
	CanExchange Power = "exchange"
	CanCheckApp Power = "check_app"
	CanReceive  Power = "receive"
)

// Lister lists what the channel posted, newest first: all of it or at least the last 20. The kit matches.
type Lister interface {
	List(ctx context.Context, c *Call) ([]Seen, error)
	// Sign is the string by which the delivery's post is known in the list. It may read saved steps with Peek.
	Sign(p *Pass) string
}

// Seen is a post in a list, with its sign; empty where a Signer reads it.
type Seen struct {
	Receipt
	Sign string
}

// Looker reads the state of a handle, or of an id that was ours to choose.
type Looker interface {
	Look(ctx context.Context, c *Call, p *Pass) (Sight, error)
}

// Sight is what a look found; exactly one of Found, Until, Absent, CantTell is set.
type Sight struct {
	Found    *Receipt
	Until    time.Time // still working
	Absent   bool
	Forget   []string // with Absent: the handle is dead, these steps run anew
	CantTell string   // why, in plain words
}

// Refresher gets a new token for an old one. An absent refresh token keeps the old one.
type Refresher interface {
	Refresh(ctx context.Context, c *Call) (Token, error)
}

// Revoker ends the token at the platform. Ending one that has ended is no error.
type Revoker interface {
	Revoke(ctx context.Context, c *Call) error
}

// Chooser lists what may become the channel after sign-in, each with its own token where the platform gives one; nil where
// the channel's way leaves nothing to choose.
type Chooser interface {
	Choose(ctx context.Context, c *Call) ([]Target, error)
}

// Target is one page, chat, location or blog.
type Target struct {
	Identity
	Help string
}

// Mentions is the look-up of people to mention in a text; the others are those that the settings name.
const Mentions = "people"

// Lookuper answers the look-ups of settings and mentions.
type Lookuper interface {
	Lookup(ctx context.Context, c *Call, what, query string, siblings map[string]string) ([]Option, error)
}

// Option is one answer of a look-up or one value of a choice.
type Option struct {
	ID    string `json:"id"`
	Label string `json:"label"`
	Help  string `json:"help,omitempty"`
}

// Finisher does what follows publication in repeatable steps: pin, permalink, thumbnail. Its failure is a note.
type Finisher interface {
	Finishes(d *Draft) bool // whether this draft's settings ask for it
	Finish(ctx context.Context, p *Pass) (Receipt, error)
}

// Editor changes a published post.
type Editor interface {
	Edit(ctx context.Context, c *Call, r Receipt, d *Draft) (Receipt, error)
}

// Deleter takes a published post away. Deleting one that is gone is no error.
type Deleter interface {
	Delete(ctx context.Context, c *Call, r Receipt) error
}

// Reader reads replies to a post, oldest first; next is given as after for the following page.
type Reader interface {
	Replies(ctx context.Context, c *Call, r Receipt, after string) (replies []Answer, next string, err error)
}

// Answer is a reply that somebody wrote.
type Answer struct {
	ID, Author, Handle, Avatar, Text, URL, Parent string
	At                                            time.Time
}

// Measurer reads figures of posts, each with the time they stood so.
type Measurer interface {
	Measure(ctx context.Context, c *Call, r []Receipt) ([]Figures, error)
}

// Figures are counts of one post, under plain names like likes, replies, reposts, quotes.
type Figures struct {
	ID     string
	At     time.Time
	Counts map[string]int64
}

// Exchanger swaps a short token for a long one right after sign-in.
type Exchanger interface {
	Exchange(ctx context.Context, c *Call) (Token, error)
}

// AppChecker tests app credentials without a channel.
type AppChecker interface {
	CheckApp(ctx context.Context, c *Call) error
}

// Receiver understands calls from the platform; they only wake what polls anyway.
type Receiver interface {
	Receive(c *Call, header map[string]string, body []byte) (remoteIDs []string, err error)
}

// PowersOf is what a connector implements, in the order of the list of powers.
func PowersOf(p Publisher) []Power {
	var out []Power
	add := func(ok bool, power Power) {
		if ok {
			out = append(out, power)
		}
	}
	add(is[Lister](p), CanList)
	add(is[Looker](p), CanLook)
	add(is[Refresher](p), CanRefresh)
	add(is[Revoker](p), CanRevoke)
	add(is[Chooser](p), CanChoose)
	add(is[Lookuper](p), CanLookUp)
	add(is[Finisher](p), CanFinish)
	add(is[Editor](p), CanEdit)
	add(is[Deleter](p), CanDelete)
	add(is[Reader](p), CanRead)
	add(is[Measurer](p), CanMeasure)
	add(is[Exchanger](p), CanExchange)
	add(is[AppChecker](p), CanCheckApp)
	add(is[Receiver](p), CanReceive)
	return out
}

func is[T any](p Publisher) bool { _, ok := p.(T); return ok }
