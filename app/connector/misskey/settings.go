package misskey

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/omniposto/omniposto/app/connector"
)

const maxChoice = 50

type settings struct {
	Visibility, Warning, Reaction, Quoted string
	Channel                               connector.Option
	LocalOnly, Sensitive, PollMultiple    bool
	Poll                                  []string
	PollSeconds                           int
}

var settingsForm = connector.Settings(func(f *connector.Fields, s *settings) {
	f.Choice(&s.Visibility, "visibility", "public", "home", "followers", "specified").
		Worded("Public", "Home timelines", "Followers", "Mentioned people only").Labelled("Visibility", "Who sees it.").Def("public")
	f.Text(&s.Warning, "cw", 0, maxWarning).Labelled("Content warning", "Hides the note behind these words.")
	f.Flag(&s.LocalOnly, "local_only").Labelled("On this server only", "The note isn't sent to other servers.").Def(false)
	f.Lookup(&s.Channel, "channel", "channel").Labelled("Channel", "One of the channels that you follow there.")
	f.Choice(&s.Reaction, "reaction_acceptance", "likeOnly", "likeOnlyForRemote", "nonSensitiveOnly", "nonSensitiveOnlyForLocalLikeOnlyForRemote").
		Worded("Likes only", "Likes only, from other servers", "No sensitive ones", "No sensitive ones here, likes from other servers").Labelled("Reactions", "Without a choice all are taken.")
	f.Flag(&s.Sensitive, "sensitive").Labelled("Mark files as sensitive", "People see them after a click.").Def(false)
	f.Text(&s.Quoted, "quote", 0, 500).Labelled("Quote a note", "The note's address on your own server, or its number.")
	f.Words(&s.Poll, "poll_choices", 0, 10).Labelled("Poll", "Two answers or more make a poll.")
	f.Flag(&s.PollMultiple, "poll_multiple").Labelled("Several answers allowed", "").Def(false)
	f.Number(&s.PollSeconds, "poll_expires_in", 60, 31_536_000).Labelled("Poll runs for", "In seconds. Without a number it doesn't end.")
})

// rules are what a form can't say: code points of alt texts, answers of a poll, the address of a quoted note.
func rules(d *connector.Draft, _ *connector.Kind) []connector.Trouble {
	s := settingsForm.Of(d)
	var out []connector.Trouble
	for i, m := range d.Media {
		if utf8.RuneCountInString(m.Alt) > maxAlt {
			out = append(out, connector.Trouble{Code: "alt_too_long", Field: fmt.Sprintf("media.%d.alt", i), Fix: "alt", Words: fmt.Sprintf("The alt text is longer than the %d code points that Misskey takes.", maxAlt)})
		}
	}
	if s.Quoted != "" && noteID(s.Quoted) == "" {
		out = append(out, connector.Trouble{Code: "quote_unknown", Field: "settings.quote", Words: "Open the note on your own server and copy its address from there."})
	}
	if words := pollWords(s.Poll); words != "" {
		out = append(out, connector.Trouble{Code: "poll_invalid", Field: "settings.poll_choices", Words: words})
	}
	return out
}

func pollWords(list []string) string {
	seen := map[string]bool{}
	for _, choice := range list {
		if utf8.RuneCountInString(choice) > maxChoice {
			return fmt.Sprintf("An answer takes %d signs: %.40s", maxChoice, choice)
		}
		if seen[choice] {
			return fmt.Sprintf("Two answers are the same: %.40s", choice)
		}
		seen[choice] = true
	}
	if len(list) == 1 {
		return "A poll needs two answers."
	}
	return ""
}

// noteID is the number at the end of a note's address.
func noteID(s string) string {
	s = strings.TrimRight(s, "/")
	id := s[strings.LastIndexByte(s, '/')+1:]
	for _, r := range id {
		if !(r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z') {
			return ""
		}
	}
	return id
}
