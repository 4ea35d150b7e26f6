package x

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

type settings struct {
	ReplySettings, Community, Quote                            string
	ShareWithFollowers, MadeWithAI, PaidPartnership, LongPosts bool
	PollOptions                                                []string
	PollMinutes                                                int
	Tagged                                                     []connector.Option
}

var settingsForm = connector.Settings(func(f *connector.Fields, s *settings) {
	f.Choice(&s.ReplySettings, "reply_settings", "everyone", "following", "mentionedUsers", "subscribers", "verified").
		Worded("Everyone", "People you follow", "Mentioned people", "Subscribers", "Verified accounts").Labelled("Who may reply", "").Def("everyone")
	f.Text(&s.Community, "community_id", 0, 200).Labelled("Community", "Its address or number. Your account must be a member.").Like("https://x.com/i/communities/1493446837214187523")
	f.Flag(&s.ShareWithFollowers, "share_with_followers").Labelled("Show it to followers too", "Only for posts in a community.").Def(false)
	f.Words(&s.PollOptions, "poll_options", 0, 4).Labelled("Poll", "Two to four answers of up to 25 signs. It can't have files.").For("text")
	f.Number(&s.PollMinutes, "poll_minutes", 5, 10_080).Labelled("Poll runs for", "In minutes, from five to a week.").For("text").Def(1440)
	f.Lookups(&s.Tagged, "tagged_people", "people", 0, maxTagged).Labelled("People in the pictures", "By their handle.").For("images")
	f.Text(&s.Quote, "quote_url", 0, 300).Labelled("Quote a post", "Its address. Only for apps on an Enterprise plan.").IfFact(factQuotes)
	f.Flag(&s.MadeWithAI, "made_with_ai").Labelled("Made with AI", "").Def(false)
	f.Flag(&s.PaidPartnership, "paid_partnership").Labelled("Paid partnership", "").Def(false)
	f.Flag(&s.LongPosts, "long_posts").Labelled("Long posts", "A text over 280 stays one post. Off: it has to be a thread.").IfFact(factPremium).Def(true)
})

var (
	number   = regexp.MustCompile(`^\d+$|/(?:status|communities)/(\d+)`)
	cashtags = regexp.MustCompile(`(?:^|\s)\$[A-Za-z]{1,6}(?:[._][A-Za-z]{1,2})?(?:[^\w]|$)`)
)

// numberIn is the number of a post or community in an address, or the number itself; "" when there is none.
func numberIn(s string) string {
	m := number.FindStringSubmatch(strings.TrimSpace(s))
	switch {
	case m == nil:
		return ""
	case m[1] != "":
		return m[1]
	}
	return m[0]
}

// rules are what a form can't say.
func rules(d *connector.Draft, k *connector.Kind) []connector.Trouble {
	s := settingsForm.Of(d)
	var out []connector.Trouble
	say := func(code, field, fix, words string) {
		out = append(out, connector.Trouble{Code: code, Field: field, Fix: fix, Words: words})
	}
	length, _, _ := k.Length(d)
	if d.Channel.Facts[factPremium] == 1 && !s.LongPosts && length > maxWeighted {
		say("text_too_long", "text", "split", fmt.Sprintf("%d over: without long posts X takes %d here.", length-maxWeighted, maxWeighted))
	}
	if strings.ContainsAny(d.Text, "\uFFFE\uFEFF\uFFFF") {
		say("text_sign", "text", "", "There is an invisible sign in the text that X refuses.")
	}
	if len(cashtags.FindAllString(d.Text, -1)) > 1 && d.Channel.Facts[factQuotes] == 0 {
		say("cashtags", "text", "", "X takes one $TICKER a post.")
	}
	if s.Community != "" && numberIn(s.Community) == "" {
		say("community_unknown", "settings.community_id", "", "This is no community. Its address ends with a number.")
	}
	if s.Quote != "" && numberIn(s.Quote) == "" {
		say("quote_unknown", "settings.quote_url", "", "This is no post. Its address ends with a number.")
	}
	if words := pollWrong(s, k); words != "" {
		say("poll_invalid", "settings.poll_options", "", words)
	}
	return out
}

func pollWrong(s settings, k *connector.Kind) string {
	switch n := len(s.PollOptions); {
	case n == 0:
		return ""
	case k.ID != "text":
		return "A poll can't have files."
	case s.Quote != "":
		return "A poll can't quote a post."
	case n < 2:
		return "A poll needs two answers."
	}
	for _, o := range s.PollOptions {
		if text.Runes.Length(o, 0) > 25 {
			return fmt.Sprintf("An answer takes 25 signs: %.40s", o)
		}
	}
	return ""
}
