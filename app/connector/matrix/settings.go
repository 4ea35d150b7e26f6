package matrix

import (
	"fmt"
	"strings"

	"github.com/omniposto/omniposto/app/connector"
)

type settings struct {
	Type, Thread         string
	Format, MentionsRoom bool
}

var settingsForm = connector.Settings(func(f *connector.Fields, s *settings) {
	f.Choice(&s.Type, "msgtype", "m.text", "m.notice").Worded("Message", "Notice, as bots write").Labelled("Sent as", "Notices wake nobody.").For("text").Def("m.text")
	f.Flag(&s.Format, "format").Labelled("Read the text as Markdown", "Else signs stay as they are.").Def(true)
	f.Flag(&s.MentionsRoom, "mention_room").Labelled("Notify the whole room", "Only with the right to.").Def(false)
	f.Text(&s.Thread, "thread", 0, 300).Labelled("In a thread", "The number of the event that the thread begins with, like $abc.").Like("$abc")
})

// rules are what a form can't say: the event as a whole has a limit.
func rules(d *connector.Draft, _ *connector.Kind) []connector.Trouble {
	s := settingsForm.Of(d)
	var out []connector.Trouble
	if s.Thread != "" && !strings.HasPrefix(s.Thread, "$") {
		out = append(out, connector.Trouble{Code: "thread_unknown", Field: "settings.thread", Words: "The number of an event begins with $."})
	}
	content, err := message(d, s, strings.Repeat("x", longestMedia))
	if err != nil {
		return append(out, connector.Trouble{Code: "text_unreadable", Field: "text", Words: "The text can't be read as Markdown."})
	}
	if over := size(content) - maxContent; over > 0 {
		out = append(out, connector.Trouble{Code: "text_too_long", Field: "text", Fix: "split", Words: fmt.Sprintf("As it is sent, the message is %d bytes over the %d that fit into an event.", over, maxContent)})
	}
	return out
}

// longestMedia is what the address of an uploaded file is reckoned with.
const longestMedia = 255
