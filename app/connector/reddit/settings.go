package reddit

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

type settings struct{ Communities []community }

// community is one place that the post goes to.
type community struct {
	Subreddit, Flair                       connector.Option
	Title, Kind, URL, Crosspost, FlairText string
	NSFW, Spoiler, SendReplies             bool
	PollOptions                            []string
	PollDays                               int
}

const (
	self      = "self"
	link      = "link"
	poll      = "poll"
	crosspost = "crosspost"
)

var settingsForm = connector.Settings(func(f *connector.Fields, s *settings) {
	connector.List(f, &s.Communities, "communities", 1, 10, func(f *connector.Fields, c *community) {
		f.Lookup(&c.Subreddit, "subreddit", "subreddits").Labelled("Community", "Without r/. Your own profile is u_ and your name.").Must()
		f.Text(&c.Title, "title", 1, maxTitle).Labelled("Title", "It can't be changed later.").Must()
		f.Choice(&c.Kind, "kind", self, link, poll, crosspost).Worded("Text", "Link", "Poll", "Crosspost").Labelled("Kind", "Of a post without files.").Def(self)
		f.URL(&c.URL, "url").Labelled("Address", "").Must().When("kind", link)
		f.Text(&c.Crosspost, "crosspost", 1, 300).Labelled("Post", "The address of the post to show here.").Must().When("kind", crosspost)
		f.Words(&c.PollOptions, "poll_options", 0, 6).Labelled("Answers", "Two to six.").When("kind", poll)
		f.Number(&c.PollDays, "poll_days", 1, 7).Labelled("Poll runs for", "In days.").When("kind", poll).Def(3)
		f.Lookup(&c.Flair, "flair", "flairs").Labelled("Flair", "Some communities want one.")
		f.Text(&c.FlairText, "flair_text", 0, 64).Labelled("Words of the flair", "Where the community lets you change them.")
		f.Flag(&c.NSFW, "nsfw").Labelled("Not safe for work", "").Def(false)
		f.Flag(&c.Spoiler, "spoiler").Labelled("Spoiler", "").Def(false)
		f.Flag(&c.SendReplies, "sendreplies").Labelled("Send replies to the inbox", "").Def(true)
	}).Labelled("Communities", "Each is a delivery of its own.").Must().For("text", "image", "gallery", "video").OnePerEntry()
})

var (
	subreddits = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_]{1,22}$|^u_[A-Za-z0-9_-]{3,20}$`)
	things     = regexp.MustCompile(`(?:/comments/|redd\.it/|^t3_)([a-z0-9]{4,10})\b`)
)

// name is the community's name as Reddit wants it.
func (c community) name() string {
	id := strings.Trim(strings.TrimSpace(c.Subreddit.ID), "/")
	for _, prefix := range []string{"https://www.reddit.com/r/", "https://www.reddit.com/user/", "r/", "R/"} {
		if rest, ok := strings.CutPrefix(id, prefix); ok {
			return rest
		}
	}
	if rest, ok := strings.CutPrefix(id, "u/"); ok {
		return "u_" + rest
	}
	return id
}

// thing is the full name of the post in an address.
func thing(address string) string {
	if m := things.FindStringSubmatch(strings.TrimSpace(address)); m != nil {
		return "t3_" + m[1]
	}
	return ""
}

// where is the one community of a delivery; the product made one delivery per entry.
func where(d *connector.Draft) (community, bool) {
	s := settingsForm.Of(d)
	if len(s.Communities) != 1 {
		return community{}, false
	}
	return s.Communities[0], true
}

// rules are what a form can't say.
func rules(d *connector.Draft, k *connector.Kind) []connector.Trouble {
	if k.ID == "comment" {
		return nil
	}
	var out []connector.Trouble
	for i, c := range settingsForm.Of(d).Communities {
		say := func(code, field, words string) {
			out = append(out, connector.Trouble{Code: code, Field: fmt.Sprintf("settings.communities.%d.%s", i, field), Words: words})
		}
		if !subreddits.MatchString(c.name()) {
			say("community_unknown", "subreddit", "This is no name of a community. It looks like golang.")
		}
		switch {
		case k.ID != "text" && c.Kind != self:
			say("kind_files", "kind", "Only a plain post can have files.")
		case c.Kind == crosspost && thing(c.Crosspost) == "":
			say("crosspost_unknown", "crosspost", "This is no address of a post.")
		case c.Kind == poll && len(c.PollOptions) < 2:
			say("poll_invalid", "poll_options", "A poll needs two answers.")
		}
		for _, o := range c.PollOptions {
			if text.Runes.Length(o, 0) > 120 {
				say("poll_invalid", "poll_options", fmt.Sprintf("An answer takes 120 signs: %.40s", o))
			}
		}
	}
	return out
}
