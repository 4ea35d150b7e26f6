package linkedin

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

type settings struct {
	Visibility, DocumentTitle, CardTitle, CardDescription, Reshare, PollQuestion, PollDuration string
	DisableReshare, LinkCard                                                                   bool
	PollOptions                                                                                []string
}

var (
	texts     = []string{"text", page + "-text"}
	documents = []string{"document", page + "-document"}
)

var settingsForm = connector.Settings(func(f *connector.Fields, s *settings) {
	f.Choice(&s.Visibility, "visibility", "PUBLIC", "CONNECTIONS", "LOGGED_IN").
		Worded("Anyone", "Connections", "Members of LinkedIn").Labelled("Visibility", "Connections is for profiles only.").Def("PUBLIC")
	f.Flag(&s.DisableReshare, "disable_reshare").Labelled("Nobody may repost it", "").Def(false)
	f.Flag(&s.LinkCard, "link_card").Labelled("Show a card for the first link", "LinkedIn doesn't look at the page; we do.").For(texts...).Def(true)
	f.Text(&s.CardTitle, "card_title", 0, 400).Labelled("Title of the card", "In place of the page's own.").For(texts...)
	f.Text(&s.CardDescription, "card_description", 0, 4086).Labelled("Description of the card", "In place of the page's own.").For(texts...)
	f.Text(&s.DocumentTitle, "document_title", 0, 300).Labelled("Title of the document", "Without one, the name of the file.").For(documents...)
	f.Text(&s.Reshare, "reshare", 0, 500).Labelled("Repost", "The address of a post, or its urn:li:….").For(texts...).Like("https://www.linkedin.com/feed/update/urn:li:share:7012345678901234567/")
	f.Words(&s.PollOptions, "poll_options", 0, 4).Labelled("Poll", "Two to four answers of up to 30 signs.").For(texts...)
	f.Text(&s.PollQuestion, "poll_question", 0, 140).Labelled("Question of the poll", "").For(texts...)
	f.Choice(&s.PollDuration, "poll_duration", "ONE_DAY", "THREE_DAYS", "SEVEN_DAYS", "FOURTEEN_DAYS").
		Worded("One day", "Three days", "A week", "Two weeks").Labelled("Poll runs for", "").For(texts...).Def("THREE_DAYS")
})

var posts = regexp.MustCompile(`urn:li:(?:share|ugcPost|activity):\d+`)

// rules are what a form can't say.
func rules(d *connector.Draft, k *connector.Kind) []connector.Trouble {
	s := settingsForm.Of(d)
	var out []connector.Trouble
	say := func(code, field, words string) {
		out = append(out, connector.Trouble{Code: code, Field: field, Words: words})
	}
	if s.Visibility == "CONNECTIONS" && strings.HasPrefix(k.ID, page+"-") {
		say("visibility", "settings.visibility", "A page has no connections. Choose anyone, or members of LinkedIn.")
	}
	if s.Reshare != "" && posts.FindString(s.Reshare) == "" {
		say("reshare_unknown", "settings.reshare", "This is no address of a post. It holds urn:li: and a number.")
	}
	if words := pollWrong(s); words != "" {
		say("poll_invalid", "settings.poll_options", words)
	}
	return out
}

func pollWrong(s settings) string {
	switch n := len(s.PollOptions); {
	case n == 0:
		return ""
	case n < 2:
		return "A poll needs two answers."
	case strings.TrimSpace(s.PollQuestion) == "":
		return "A poll needs a question."
	case s.Reshare != "":
		return "A poll can't be a repost."
	}
	for _, o := range s.PollOptions {
		if text.Runes.Length(o, 0) > 30 {
			return fmt.Sprintf("An answer takes 30 signs: %.40s", o)
		}
	}
	return ""
}
