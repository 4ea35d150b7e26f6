package threads

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

type settings struct {
	ReplyControl, Topic, Link, LongText, GIF string
	Quote                                    connector.Option
	Poll, Spoilers                           []string
	Spoiler                                  bool
}

var settingsForm = connector.Settings(func(f *connector.Fields, s *settings) {
	f.Choice(&s.ReplyControl, "reply_control", "everyone", "accounts_you_follow", "mentioned_only", "parent_post_author_only", "followers_only").
		Worded("Anyone", "Profiles that you follow", "Those who are mentioned", "The author of the post above", "Your followers").Labelled("Who may reply", "").Def("everyone")
	f.Text(&s.Topic, "topic_tag", 0, 50).Labelled("Topic", "Without #. Without one, the first #tag of the text is the topic.").Like("photography")
	f.Words(&s.Poll, "poll", 0, 4).Labelled("Poll", "Two to four answers of up to 25 signs. It is open for a day.").For("text")
	f.Lookup(&s.Quote, "quote_post", "posts").Labelled("Quoted post", "One of your own, or the number of any post.")
	f.URL(&s.Link, "link").Labelled("Link of the card", "Without one, the first link of the text gets the card.").For("text")
	f.Text(&s.LongText, "long_text", 0, maxLong).Labelled("Long text", "Up to 10,000 signs, shown behind the post.").For("text")
	f.Text(&s.GIF, "gif", 0, 100).Labelled("GIF", "Its number at GIPHY.").For("text")
	f.Flag(&s.Spoiler, "spoiler").Labelled("Hide the files until they are tapped", "").For("image", "video", "carousel").Def(false)
	f.Words(&s.Spoilers, "spoiler_words", 0, maxSpoilers).Labelled("Words to hide until they are tapped", "As they stand in the text.")
})

var digits = regexp.MustCompile(`^\d{5,25}$`)

// rules are what a form can't say.
func rules(d *connector.Draft, k *connector.Kind) []connector.Trouble {
	s := settingsForm.Of(d)
	var out []connector.Trouble
	say := func(code, field, words string) {
		out = append(out, connector.Trouble{Code: code, Field: field, Words: words})
	}
	if n := len(links(d, s)); n > maxLinks {
		say("links_too_many", "text", fmt.Sprintf("Threads takes %d different links, these are %d.", maxLinks, n))
	}
	if strings.ContainsAny(s.Topic, ".&") {
		say("topic_invalid", "settings.topic_tag", "A topic has neither . nor &.")
	}
	if s.Quote.ID != "" && !digits.MatchString(s.Quote.ID) {
		say("quote_unknown", "settings.quote_post", "Choose a post from the list, or enter its number.")
	}
	for _, w := range s.Spoilers {
		if !strings.Contains(d.Text, w) {
			say("spoiler_unknown", "settings.spoiler_words", fmt.Sprintf("The text doesn't hold %.40q.", w))
		}
	}
	if k.ID == "text" {
		if words := attachedWrong(s); words != "" {
			say("attachment_invalid", "settings.poll", words)
		}
	}
	return out
}

// attachedWrong says what is wrong with what hangs on a text: a post holds one of them.
func attachedWrong(s settings) string {
	n := 0
	for _, there := range []bool{len(s.Poll) > 0, s.LongText != "", s.GIF != "", s.Link != ""} {
		if there {
			n++
		}
	}
	switch {
	case n > 1:
		return "A post holds a poll, a long text, a GIF or a link's card: one of them."
	case len(s.Poll) == 1:
		return "A poll needs two answers."
	}
	for _, o := range s.Poll {
		if text.Runes.Length(o, 0) > maxAnswer || strings.TrimSpace(o) == "" {
			return fmt.Sprintf("An answer takes 1 to %d signs: %.40q", maxAnswer, o)
		}
	}
	return ""
}

// links are the different links of a post.
func links(d *connector.Draft, s settings) []string {
	var out []string
	if s.Link != "" {
		out = append(out, s.Link)
	}
	for _, sp := range d.Spans {
		if sp.Kind == text.Link {
			out = append(out, sp.Value)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
