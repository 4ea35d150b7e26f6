package telegram

import (
	"strconv"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

type settings struct {
	Silent, Protect, Spoiler, CaptionAbove, Pin bool
	Preview, ButtonText, ButtonURL              string
	Topic                                       int
}

var settingsForm = connector.Settings(func(f *connector.Fields, s *settings) {
	f.Flag(&s.Silent, "silent").Labelled("Without a sound", "Members get a silent notification.").Def(false)
	f.Choice(&s.Preview, "link_preview", "normal", "off", "large", "above").
		Worded("Normal", "None", "Large", "Large, above the text").Labelled("Preview of the first link", "").For("text").Def("normal")
	f.Flag(&s.Protect, "protect_content").Labelled("Forbid forwarding and saving", "").Def(false)
	f.Flag(&s.Spoiler, "spoiler").Labelled("Hide pictures until tapped", "").For("media", "gif").Def(false)
	f.Flag(&s.CaptionAbove, "caption_above").Labelled("Words above the pictures", "").For("media", "gif").Def(false)
	f.Flag(&s.Pin, "pin").Labelled("Pin it", "The bot needs the right to pin.").Def(false)
	f.Number(&s.Topic, "topic", 1, 2_147_483_647).Labelled("Topic", "The topic's number, in groups with topics.").IfFact(factForum)
	f.Text(&s.ButtonText, "button_text", 0, 64).Labelled("Button", "Words on a button under the post. Albums have none.")
	f.URL(&s.ButtonURL, "button_url").Labelled("Where the button leads", "")
})

func rules(d *connector.Draft, k *connector.Kind) []connector.Trouble {
	s := settingsForm.Of(d)
	var out []connector.Trouble
	if (s.ButtonText == "") != (s.ButtonURL == "") {
		out = append(out, connector.Trouble{Code: "button_half", Field: "settings.button_url", Words: "A button needs words and an address."})
	}
	if s.ButtonText != "" && len(d.Media) > 1 {
		out = append(out, connector.Trouble{Code: "button_on_album", Field: "settings.button_text", Words: "Telegram shows no button under an album."})
	}
	if _, marks := text.Parse(d.Text); len(marks) > maxEntities {
		out = append(out, connector.Trouble{Code: "too_many_marks", Field: "text", Words: "Telegram takes 100 marked places in a text, these are " + strconv.Itoa(len(marks)) + "."})
	}
	for i, m := range d.Media {
		if k.ID == "media" && m.Type == connector.Image && m.Width+m.Height > maxPhotoSide {
			out = append(out, connector.Trouble{Code: "media_side", Field: "media." + strconv.Itoa(i), Fix: "resize", Words: m.Name + " is too large in width and height for Telegram."})
		}
	}
	return out
}
