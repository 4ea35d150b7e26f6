package googlebusinessprofile

import (
	"regexp"
	"strconv"
	"time"

	"github.com/omniposto/omniposto/app/connector"
)

type settings struct {
	Button, ButtonURL    string
	Title, Start, End    string
	Coupon, Redeem, Term string
	Language             string
}

// moment is how a local time is written: a wall clock without a zone.
const moment = "2006-01-02 15:04"

var settingsForm = connector.Settings(func(f *connector.Fields, s *settings) {
	f.Choice(&s.Button, "cta_type", "none", "book", "order", "shop", "learn_more", "sign_up", "call").Labelled("Button", "Call dials the number of the profile.").
		Worded("None", "Book", "Order online", "Buy", "Learn more", "Sign up", "Call").Def("none").For(update, event)
	f.URL(&s.ButtonURL, "cta_url").Labelled("Where the button leads", "").Must().When("cta_type", "book", "order", "shop", "learn_more", "sign_up").For(update, event)
	f.Text(&s.Title, "event_title", 1, maxEventTitle).Labelled("Title", "").Must().For(event, offer)
	f.Text(&s.Start, "event_start", 10, 16).Labelled("Begins", "The clock of the place itself, like 2026-12-01 10:00.").Like("2026-12-01 10:00").Must().For(event, offer)
	f.Text(&s.End, "event_end", 10, 16).Labelled("Ends", "The clock of the place itself, like 2026-12-02 18:00.").Like("2026-12-02 18:00").Must().For(event, offer)
	f.Text(&s.Coupon, "coupon_code", 0, 58).Labelled("Code", "What a customer shows or enters.").For(offer)
	f.URL(&s.Redeem, "redeem_url").Labelled("Where it is redeemed", "").For(offer)
	f.Text(&s.Term, "terms", 0, 5000).Labelled("Terms", "").For(offer)
	f.Text(&s.Language, "language", 2, 35).Labelled("Language", "As in en, de or pt-BR.").Def("en")
})

var (
	language = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)
	phone    = regexp.MustCompile(`(^|[^\d\w])(\+|\(|00?)?\d[\d\s()/.-]{7,}\d`)
)

// rules are what a form can't say.
func rules(d *connector.Draft, k *connector.Kind) []connector.Trouble {
	s := settingsForm.Of(d)
	var out []connector.Trouble
	if !language.MatchString(s.Language) {
		out = append(out, connector.Trouble{Code: "language_unknown", Field: "settings.language", Words: "This is no code of a language. They look like en or pt-BR."})
	}
	if k.ID != update {
		out = append(out, times(s)...)
	}
	for i, m := range d.Media {
		if m.Type == connector.Image && m.Width > 0 && min(m.Width, m.Height) < leastSide {
			out = append(out, connector.Trouble{Code: "media_pixels", Field: "media." + strconv.Itoa(i), Words: "Google wants at least 250 pixels on each side.", Fix: "exclude"})
			break
		}
	}
	if phone.MatchString(d.Text) {
		out = append(out, connector.Trouble{Code: "phone_in_text", Field: "text", Severity: connector.Warn, Words: "Google takes posts down that have a phone number in the text. Use the button Call."})
	}
	return out
}

// times are troubles of when it happens.
func times(s settings) []connector.Trouble {
	var out []connector.Trouble
	var at [2]time.Time
	for i, f := range []struct{ name, value string }{{"event_start", s.Start}, {"event_end", s.End}} {
		t, err := time.Parse(moment, f.value)
		if err != nil && f.value != "" {
			out = append(out, connector.Trouble{Code: "time_unreadable", Field: "settings." + f.name, Words: "Write day and time like 2026-12-01 10:00."})
		}
		at[i] = t
	}
	if !at[0].IsZero() && !at[1].IsZero() && !at[1].After(at[0]) {
		out = append(out, connector.Trouble{Code: "time_order", Field: "settings.event_end", Words: "It ends before it begins."})
	}
	return out
}
