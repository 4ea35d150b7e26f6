package mattermost

import (
	"regexp"
	"strings"

	"github.com/omniposto/omniposto/app/connector"
)

type settings struct{ Priority, Thread, Username, IconURL, Channel string }

var settingsForm = connector.Settings(func(f *connector.Fields, s *settings) {
	f.Choice(&s.Priority, "priority", "standard", "important", "urgent").Worded("Standard", "Important", "Urgent").
		Labelled("Priority", "Only for posts that begin a thread.").For("post").IfFact(factPriority).Def("standard")
	f.Text(&s.Thread, "thread", 0, 500).Labelled("Thread", "The address or number of a post to answer instead of beginning a thread.").For("post")
	f.Text(&s.Username, "username", 0, 64).Labelled("Name", "Shown instead of the webhook's, where the server allows that.").For("webhook")
	f.URL(&s.IconURL, "icon_url").Labelled("Picture", "Address of a picture to show instead of the webhook's.").For("webhook")
	f.Text(&s.Channel, "channel", 0, 64).Labelled("Channel", "The name of another channel, where the webhook isn't bound to one.").For("webhook").Like("town-square")
})

var idForm = regexp.MustCompile(`(?:^|/)([a-z0-9]{26})/?$`)

// threadID is the number of a post in its address.
func threadID(s string) string {
	if m := idForm.FindStringSubmatch(strings.TrimSpace(s)); m != nil {
		return m[1]
	}
	return ""
}

func rules(d *connector.Draft, k *connector.Kind) []connector.Trouble {
	s := settingsForm.Of(d)
	if k.ID == "post" && s.Thread != "" && threadID(s.Thread) == "" {
		return []connector.Trouble{{Code: "setting_invalid", Field: "settings.thread", Words: "Copy the address of the post with \"Copy link\"."}}
	}
	return nil
}
