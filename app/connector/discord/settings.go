package discord

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/omniposto/omniposto/app/connector"
)

type settings struct {
	Mentions, Username, AvatarURL                           string
	SuppressEmbeds, Silent, PollMultiple                    bool
	EmbedTitle, EmbedText, EmbedURL, EmbedImage, EmbedColor string
	ThreadName, ThreadID, PollQuestion                      string
	Tags, PollAnswers                                       []string
	PollHours                                               int
}

var settingsForm = connector.Settings(func(f *connector.Fields, s *settings) {
	f.Text(&s.ThreadName, "thread_name", 1, 100).Labelled("Title", "The forum post's title.").IfFact(factForum)
	f.Text(&s.ThreadID, "thread_id", 0, 20).Labelled("Thread", "The number of a thread to post into instead of a new one.").Like("1017842365017452631")
	f.Words(&s.Tags, "applied_tags", 0, 5).Labelled("Tags", "Numbers of the forum's tags.").IfFact(factForum)
	f.Choice(&s.Mentions, "mentions", "none", "users", "roles", "everyone").
		Worded("Nobody", "Mentioned people", "People and roles", "Everyone").Labelled("Who gets a notification", "").Def("none")
	f.Flag(&s.Silent, "silent").Labelled("Without a sound", "").Def(false)
	f.Flag(&s.SuppressEmbeds, "suppress_embeds").Labelled("No previews of links", "").Def(false)
	f.Text(&s.Username, "username", 0, 80).Labelled("Name", "Shown instead of the webhook's.")
	f.URL(&s.AvatarURL, "avatar_url").Labelled("Picture", "Address of a picture to show instead of the webhook's.")
	f.Text(&s.EmbedTitle, "embed_title", 0, 256).Labelled("Box: title", "A box under the text.")
	f.Text(&s.EmbedText, "embed_description", 0, 4096).Labelled("Box: text", "")
	f.URL(&s.EmbedURL, "embed_url").Labelled("Box: link", "Where its title leads.")
	f.Color(&s.EmbedColor, "embed_color").Labelled("Box: colour", "").Like("#5865f2")
	f.URL(&s.EmbedImage, "embed_image").Labelled("Box: picture", "Address of a picture.")
	f.Text(&s.PollQuestion, "poll_question", 0, 300).Labelled("Poll: question", "")
	f.Words(&s.PollAnswers, "poll_answers", 0, 10).Labelled("Poll: answers", "Up to ten of 55 signs.")
	f.Number(&s.PollHours, "poll_hours", 1, 768).Labelled("Poll: hours", "How long it runs.").Def(24)
	f.Flag(&s.PollMultiple, "poll_multiple").Labelled("Poll: several answers", "").Def(false)
})

const maxAnswer = 55

func rules(d *connector.Draft, _ *connector.Kind) []connector.Trouble {
	s := settingsForm.Of(d)
	var out []connector.Trouble
	say := func(code, field, fix, words string, args ...any) {
		out = append(out, connector.Trouble{Code: code, Field: field, Fix: fix, Words: fmt.Sprintf(words, args...)})
	}
	if d.Channel.Facts[factForum] != 0 && s.ThreadName == "" && s.ThreadID == "" {
		say("setting_missing", "settings.thread_name", "choose", "A post in a forum needs a title.")
	}
	if s.ThreadID != "" && strings.Trim(s.ThreadID, "0123456789") != "" {
		say("setting_invalid", "settings.thread_id", "", "A thread's number has only digits.")
	}
	if name := strings.ToLower(s.Username); strings.Contains(name, "discord") || strings.Contains(name, "clyde") {
		say("setting_invalid", "settings.username", "", "Discord takes no name with \"discord\" or \"clyde\" in it.")
	}
	if n := utf8.RuneCountInString(s.EmbedTitle) + utf8.RuneCountInString(s.EmbedText); n > maxEmbedAll {
		say("embed_too_long", "settings.embed_description", "cut", "The box takes 6,000 signs in all, these are %d.", n)
	}
	if (s.PollQuestion == "") != (len(s.PollAnswers) == 0) {
		say("poll_half", "settings.poll_answers", "", "A poll needs a question and answers.")
	}
	for _, a := range s.PollAnswers {
		if utf8.RuneCountInString(a) > maxAnswer {
			say("poll_answer_long", "settings.poll_answers", "cut", "An answer takes %d signs: %.20s…", maxAnswer, a)
		}
	}
	var total int64
	for _, m := range d.Media {
		total += m.Size
	}
	if total > maxRequest {
		say("media_total_too_large", "media", "resize", "The files are larger than the 25 MB that Discord takes at once.")
	}
	return out
}

// embed is the box under the text; nil when nothing was entered for it.
func embed(s settings) map[string]any {
	out := map[string]any{}
	for name, v := range map[string]string{"title": s.EmbedTitle, "description": s.EmbedText, "url": s.EmbedURL} {
		if v != "" {
			out[name] = v
		}
	}
	if s.EmbedImage != "" {
		out["image"] = map[string]string{"url": s.EmbedImage}
	}
	if n, err := strconv.ParseInt(strings.TrimPrefix(s.EmbedColor, "#"), 16, 32); err == nil && s.EmbedColor != "" {
		out["color"] = n
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

func poll(s settings) map[string]any {
	if s.PollQuestion == "" || len(s.PollAnswers) == 0 {
		return nil
	}
	var answers []any
	for _, a := range s.PollAnswers {
		answers = append(answers, map[string]any{"poll_media": map[string]string{"text": a}})
	}
	return map[string]any{"question": map[string]string{"text": s.PollQuestion}, "answers": answers, "duration": s.PollHours, "allow_multiselect": s.PollMultiple, "layout_type": 1}
}
