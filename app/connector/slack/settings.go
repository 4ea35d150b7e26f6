package slack

import (
	"regexp"

	"github.com/omniposto/omniposto/app/connector"
)

type settings struct {
	Thread, Mention, Username, IconURL string
	Unfurl, Broadcast                  bool
}

var settingsForm = connector.Settings(func(f *connector.Fields, s *settings) {
	f.Choice(&s.Mention, "mention", "none", "here", "channel").Worded("Nobody", "Who is there now", "Everyone in the channel").Labelled("Who gets a notification", "").Def("none")
	f.Flag(&s.Unfurl, "unfurl").Labelled("Previews of links", "").For("message", "webhook").Def(true)
	f.Text(&s.Thread, "thread", 0, 500).Labelled("Thread", "The link of a message to answer instead of beginning anew.").For("message", "files")
	f.Flag(&s.Broadcast, "broadcast").Labelled("Show the answer in the channel too", "").For("message").Def(false)
	f.Text(&s.Username, "username", 0, 80).Labelled("Name", "Shown instead of the app's.").For("message")
	f.URL(&s.IconURL, "icon_url").Labelled("Picture", "Address of a picture to show instead of the app's.").For("message")
})

var (
	inLink  = regexp.MustCompile(`[?&]thread_ts=(\d{10}\.\d{6})`)
	inPath  = regexp.MustCompile(`/p(\d{10})(\d{6})(?:$|[/?])`)
	asPlain = regexp.MustCompile(`^\d{10}\.\d{6}$`)
)

// threadTS is the number of a thread in the link of one of its messages.
func threadTS(s string) string {
	if m := inLink.FindStringSubmatch(s); m != nil {
		return m[1]
	}
	if m := inPath.FindStringSubmatch(s); m != nil {
		return m[1] + "." + m[2]
	}
	return asPlain.FindString(s)
}

func rules(d *connector.Draft, k *connector.Kind) []connector.Trouble {
	s := settingsForm.Of(d)
	var out []connector.Trouble
	if k.ID != "webhook" && s.Thread != "" && threadTS(s.Thread) == "" {
		out = append(out, connector.Trouble{Code: "setting_invalid", Field: "settings.thread", Words: "Copy the message's link from its menu in Slack."})
	}
	if k.ID == "files" && s.Mention != "none" && d.Text == "" {
		out = append(out, connector.Trouble{Code: "setting_invalid", Field: "settings.mention", Words: "Write something: files alone can't mention anybody."})
	}
	return out
}
