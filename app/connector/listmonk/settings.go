package listmonk

import (
	"strings"
	"unicode/utf8"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

type settings struct {
	Subject, From, Content, ArchiveSlug string
	Lists                               []connector.Option
	Template, ArchiveTemplate           connector.Option
	Tags                                []string
	Archive, AltBody, Variables, Attach bool
}

var settingsForm = connector.Settings(func(f *connector.Fields, s *settings) {
	f.Text(&s.Subject, "subject", 0, maxSubject).Labelled("Subject", "Without one, a heading at the top of the text, or the first words.")
	f.Lookups(&s.Lists, "lists", "lists", 1, 50).Labelled("Lists", "Who gets it.").Must()
	f.Text(&s.From, "from_email", 0, 320).Labelled("From", "Without a choice the server's own address.").Like("Ada <ada@example.com>")
	f.Lookup(&s.Template, "template", "templates").Labelled("Template", "Without a choice the server's default.")
	f.Choice(&s.Content, "content_type", "html", "plain").Worded("HTML", "Plain text").Labelled("Kind of mail", "").Def("html")
	f.Flag(&s.AltBody, "altbody").Labelled("Add the text without HTML", "For readers whose mail program shows none.").Def(true)
	f.Flag(&s.Variables, "variables").Labelled("Fill in variables", "Like {{ .Subscriber.Name }}. Without this they are shown as they stand.").Def(false)
	f.Flag(&s.Attach, "attach").Labelled("Attach documents", "Else the mail has links to them.").Def(false)
	f.Words(&s.Tags, "tags", 0, 20).Labelled("Tags", "To find the campaign in listmonk.")
	f.Flag(&s.Archive, "archive").Labelled("Show on the web too", "In the server's public archive.").Def(false)
	f.Text(&s.ArchiveSlug, "archive_slug", 0, 200).Labelled("Address in the archive", "The last part of it.").When("archive", "true")
	f.Lookup(&s.ArchiveTemplate, "archive_template", "templates").Labelled("Template in the archive", "").When("archive", "true")
})

func rules(d *connector.Draft, _ *connector.Kind) []connector.Trouble {
	s := settingsForm.Of(d)
	var out []connector.Trouble
	say := func(field, words string) {
		out = append(out, connector.Trouble{Code: "setting_invalid", Field: "settings." + field, Words: words})
	}
	switch subject, _ := text.Titled(s.Subject, d.Text); {
	case subject == "":
		say("subject", "Give the mail a subject.")
	case utf8.RuneCountInString(subject) > maxSubject:
		say("subject", "listmonk takes subjects of up to 5,000 signs.")
	}
	if s.From != "" && !strings.Contains(s.From, "@") {
		say("from_email", "This isn't a mail address.")
	}
	for _, tag := range s.Tags {
		if utf8.RuneCountInString(tag) > 100 || strings.HasPrefix(tag, signPrefix) {
			say("tags", "A tag has up to 100 signs and doesn't begin with "+signPrefix+".")
		}
	}
	return out
}
