package mastodon

import (
	"fmt"
	"strings"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

// Settings are all that members of the family know; a member's form names those that it has.
type Settings struct {
	Visibility, SpoilerText, Language, QuotePolicy, Quoted string
	Sensitive, PollMultiple, PollHideTotals                bool
	PollOptions                                            []string
	PollExpiresIn                                          int

	ContentType, ReplyPolicy, Title string
	LocalOnly, CommentsDisabled     bool
	ExpiresIn                       int
}

var settingsForm = connector.Settings(func(f *connector.Fields, s *Settings) {
	Basics(f, s, "public", "unlisted", "private", "direct")
	f.Choice(&s.QuotePolicy, "quote_approval_policy", "public", "followers", "nobody").
		Worded("Anyone", "Followers", "Nobody").Labelled("Who may quote", "Servers from version 4.5 on know this.").IfFact(FactQuotes)
	f.Text(&s.Quoted, "quoted_status", 0, 500).Labelled("Quote a post", "The post's address on your own server, or its number.").IfFact(FactQuotes)
	Poll(f, s)
})

// seenBy are the words for who sees a post.
var seenBy = map[string]string{
	"public": "Public", "unlisted": "Quiet public", "private": "Followers", "direct": "Mentioned people only", "mutuals_only": "People who follow each other", "local": "This server only",
}

// Basics are the settings of the whole family; seen are the member's values of who sees a post.
func Basics(f *connector.Fields, s *Settings, seen ...string) {
	words := make([]string, len(seen))
	for i, v := range seen {
		words[i] = seenBy[v]
	}
	f.Choice(&s.Visibility, "visibility", seen...).Worded(words...).Labelled("Visibility", "Who sees it. Without a choice your account's own setting counts.")
	f.Text(&s.SpoilerText, "spoiler_text", 0, 500).Labelled("Content warning", "Hides the post behind these words. They count into the limit.")
	f.Flag(&s.Sensitive, "sensitive").Labelled("Mark files as sensitive", "People see them after a click.").Def(false)
	f.Text(&s.Language, "language", 0, 8).Labelled("Language", "Two letters, like en. Without them your account's own language counts.").Like("en")
}

// Poll are the settings of a poll.
func Poll(f *connector.Fields, s *Settings) {
	f.Words(&s.PollOptions, "poll_options", 0, 10).Labelled("Poll", "Two answers or more make a poll. It can't have files.").For("text")
	f.Number(&s.PollExpiresIn, "poll_expires_in", 300, 2_629_746).Labelled("Poll runs for", "In seconds, from five minutes to a month.").For("text").Def(86400)
	f.Flag(&s.PollMultiple, "poll_multiple").Labelled("Several answers allowed", "").For("text").Def(false)
	f.Flag(&s.PollHideTotals, "poll_hide_totals").Labelled("Hide results until the end", "").For("text").Def(false)
}

// rules are what a form can't say: the warning counts into the limit, a poll has its own limits.
func rules(form connector.Bound[Settings]) func(*connector.Draft, *connector.Kind) []connector.Trouble {
	return func(d *connector.Draft, k *connector.Kind) []connector.Trouble {
		s := form.Of(d)
		out := warningRule(d, k, s.SpoilerText)
		if s.Quoted != "" && quotedID(s.Quoted) == "" {
			out = append(out, connector.Trouble{Code: "quote_unknown", Field: "settings.quoted_status", Words: "Open the post on your own server and copy its address from there."})
		}
		if len(s.PollOptions) > 0 {
			out = append(out, pollRules(d, k, s)...)
		}
		return out
	}
}

func warningRule(d *connector.Draft, k *connector.Kind, words string) []connector.Trouble {
	length, most, count := k.Length(d)
	if count == text.Mastodon {
		count = text.Graphemes // a mention in the warning isn't shortened
	}
	if length += count.Length(words, 0); words == "" || most == 0 || length <= most {
		return nil
	}
	return []connector.Trouble{{Code: "text_too_long", Field: "settings.spoiler_text", Fix: "cut", Words: fmt.Sprintf("With the content warning the text is %d over the limit of %d.", length-most, most)}}
}

func pollRules(d *connector.Draft, k *connector.Kind, s Settings) []connector.Trouble {
	f := d.Channel.Facts
	say := func(words string, args ...any) []connector.Trouble {
		return []connector.Trouble{{Code: "poll_invalid", Field: "settings.poll_options", Words: fmt.Sprintf(words, args...)}}
	}
	most := connector.Fact(FactOptions, 4).In(f)
	longest := int(connector.Fact(FactOption, 50).In(f))
	switch {
	case k.ID != "text":
		return say("A poll can't have files.")
	case len(s.PollOptions) < 2:
		return say("A poll needs two answers.")
	case int64(len(s.PollOptions)) > most:
		return say("This server takes %d answers.", most)
	}
	seen := map[string]bool{}
	for _, o := range s.PollOptions {
		if text.Graphemes.Length(o, 0) > longest {
			return say("An answer takes %d signs: %.40s", longest, o)
		}
		if seen[o] {
			return say("Two answers are the same: %.40s", o)
		}
		seen[o] = true
	}
	least, longestTime := connector.Fact(FactPollMin, 300).In(f), connector.Fact(FactPollMax, 2_629_746).In(f)
	if n := int64(s.PollExpiresIn); n < least || n > longestTime {
		return say("A poll runs from %d to %d seconds on this server.", least, longestTime)
	}
	return nil
}

// quotedID is the number at the end of a post's address.
func quotedID(s string) string {
	s = strings.TrimRight(s, "/")
	id := s[strings.LastIndexByte(s, '/')+1:]
	if id == "" || strings.Trim(id, "0123456789ABCDEFGHJKMNPQRSTVWXYZ") != "" {
		return ""
	}
	return id
}
