package bluesky

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

type settings struct {
	Languages, ReplyAllow, ExtraTags []string
	ReplyControl, SelfLabel, Quote   string
	ReplyLists                       []connector.Option
	AllowQuotes, LinkCard            bool
}

const (
	everybody = "everybody"
	nobody    = "nobody"
	some      = "some"
)

var settingsForm = connector.Settings(func(f *connector.Fields, s *settings) {
	f.Words(&s.Languages, "languages", 0, 3).Labelled("Languages", "Up to three, like en or pt-BR. People filter by them.").Like("en")
	f.Choice(&s.ReplyControl, "reply_control", everybody, nobody, some).
		Worded("Everybody", "Nobody", "Some people").Labelled("Who may reply", "").Def(everybody)
	f.Choices(&s.ReplyAllow, "reply_allow", "mentioned", "followers", "following").
		Worded("Mentioned people", "Followers", "People you follow").Labelled("Some people are", "").When("reply_control", some)
	f.Lookups(&s.ReplyLists, "reply_lists", "lists", 0, 5).Labelled("People on these lists", "").When("reply_control", some)
	f.Flag(&s.AllowQuotes, "allow_quotes").Labelled("Others may quote the post", "").Def(true)
	f.Choice(&s.SelfLabel, "self_label", "none", "sexual", "nudity", "porn", "graphic-media").
		Worded("None", "Suggestive", "Nudity", "Adult", "Graphic media").Labelled("Content warning", "Hides the pictures until somebody chooses to see them.").Def("none")
	f.Flag(&s.LinkCard, "link_card").Labelled("Show a card for the first link", "Only without pictures.").Def(true)
	f.Text(&s.Quote, "quote_uri", 0, 500).Labelled("Quote a post", "Its address on bsky.app, or at://…").Like("https://bsky.app/profile/bsky.app/post/3l6oveex3ii2l")
	f.Words(&s.ExtraTags, "extra_tags", 0, 8).Labelled("Hidden hashtags", "Found by search, not shown in the text. Without #.")
})

const (
	maxTagBytes     = 640
	maxTagGraphemes = 64
	maxGateRules    = 5
)

func rules(d *connector.Draft, _ *connector.Kind) []connector.Trouble {
	s := settingsForm.Of(d)
	var out []connector.Trouble
	for _, tag := range s.ExtraTags {
		if len(tag) > maxTagBytes || text.Graphemes.Length(tag, 0) > maxTagGraphemes {
			out = append(out, connector.Trouble{Code: "tag_too_long", Field: "settings.extra_tags", Words: fmt.Sprintf("A hashtag takes %d signs: %.20s…", maxTagGraphemes, tag)})
		}
	}
	for _, lang := range s.Languages {
		if !isLanguage(lang) {
			out = append(out, connector.Trouble{Code: "language_unknown", Field: "settings.languages", Words: "A language looks like en or pt-BR: " + lang})
		}
	}
	if len(s.ReplyAllow)+len(s.ReplyLists) > maxGateRules {
		out = append(out, connector.Trouble{Code: "too_many_rules", Field: "settings.reply_lists", Words: "Bluesky takes five groups of people at most."})
	}
	if s.ReplyControl == some && len(s.ReplyAllow)+len(s.ReplyLists) == 0 {
		out = append(out, connector.Trouble{Code: "setting_missing", Field: "settings.reply_allow", Words: "Choose who may reply.", Fix: "choose"})
	}
	if s.Quote != "" {
		if _, _, ok := quoted(s.Quote); !ok {
			out = append(out, connector.Trouble{Code: "quote_unknown", Field: "settings.quote_uri", Words: "This isn't the address of a post on Bluesky."})
		}
	}
	return out
}

func isLanguage(s string) bool {
	first, _, _ := strings.Cut(s, "-")
	return len(first) >= 2 && len(first) <= 3 && len(s) <= 35 && strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// quoted reads whose post and which one out of an address.
func quoted(s string) (who, rkey string, ok bool) {
	if rest, found := strings.CutPrefix(s, "at://"); found {
		parts := strings.Split(rest, "/")
		if len(parts) == 3 && parts[1] == collection {
			return parts[0], parts[2], true
		}
		return "", "", false
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" {
		return "", "", false
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	if len(parts) == 4 && parts[0] == "profile" && parts[2] == "post" {
		return parts[1], parts[3], true
	}
	return "", "", false
}
