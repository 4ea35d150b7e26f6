package microsoftteams

import (
	"encoding/json"
	"fmt"

	"github.com/omniposto/omniposto/app/connector"
)

type settings struct {
	Title, LinkURL, LinkTitle, Images string
	FullWidth                         bool
}

var settingsForm = connector.Settings(func(f *connector.Fields, s *settings) {
	f.Text(&s.Title, "title", 0, 250).Labelled("Title", "In large letters on top.")
	f.URL(&s.LinkURL, "link_url").Labelled("Button: address", "A button under the text.")
	f.Text(&s.LinkTitle, "link_title", 0, 100).Labelled("Button: words", "").Def("Open")
	f.Choice(&s.Images, "images", "all", "first", "none").Worded("All", "Only the first", "None").Labelled("Pictures", "").Def("all")
	f.Flag(&s.FullWidth, "full_width").Labelled("As wide as the channel", "").Def(true)
})

// addressBytes is how long the address of a picture may be.
const addressBytes = 1000

func rules(d *connector.Draft, _ *connector.Kind) []connector.Trouble {
	files := make([]string, len(d.Media))
	for i := range files {
		files[i] = string(make([]byte, addressBytes/6)) // each of these takes six bytes in JSON
	}
	raw, err := json.Marshal(message(d, settingsForm.Of(d), files))
	if err != nil || len(raw) <= maxWire {
		return nil
	}
	return []connector.Trouble{{
		Code: "text_too_many_bytes", Field: "text", Fix: "cut",
		Words: fmt.Sprintf("The card has %d bytes with all that is in it; Teams takes %d.", len(raw), maxWire),
	}}
}
