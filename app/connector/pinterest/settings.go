package pinterest

import (
	"regexp"
	"strconv"

	"github.com/omniposto/omniposto/app/connector"
)

type settings struct {
	Board, Section          connector.Option
	Title, Link, Alt, Color string
	CoverSeconds            int
}

var settingsForm = connector.Settings(func(f *connector.Fields, s *settings) {
	f.Lookup(&s.Board, "board", "boards").Labelled("Board", "Where the pin goes.").Must()
	f.Lookup(&s.Section, "section", "sections").Labelled("Section of the board", "")
	f.Text(&s.Title, "title", 0, maxTitle).Labelled("Title", "")
	f.URL(&s.Link, "link").Labelled("Link", "Where the pin leads.")
	f.Text(&s.Alt, "alt_text", 0, maxAlt).Labelled("What the pin shows", "For people who can't see it.").For("carousel", "video")
	f.Color(&s.Color, "dominant_color").Labelled("Main colour", "Shown until the picture is there.")
	f.Number(&s.CoverSeconds, "cover_seconds", 0, 900).Labelled("Cover at second", "The moment of the video that stands for it, unless you choose a cover picture.").For("video").Def(0)
})

var digits = regexp.MustCompile(`^\d+$`)

// rules are what a form can't say.
func rules(d *connector.Draft, k *connector.Kind) []connector.Trouble {
	s := settingsForm.Of(d)
	var out []connector.Trouble
	if !digits.MatchString(s.Board.ID) && s.Board.ID != "" {
		out = append(out, connector.Trouble{Code: "board_unknown", Field: "settings.board", Words: "Choose a board from the list.", Fix: "choose"})
	}
	if k.ID == "carousel" && len(d.Media) > 1 {
		for i, m := range d.Media[1:] {
			if one := d.Media[0]; m.Width*one.Height != m.Height*one.Width {
				out = append(out, connector.Trouble{Code: "media_ratio", Field: "media." + strconv.Itoa(i+1), Words: "The pictures of a carousel have one shape."})
				break
			}
		}
	}
	return out
}
