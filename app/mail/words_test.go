package mail

import (
	"bytes"
	"errors"
	"flag"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

const sampleLink = "https://posts.example.org/settings/support#token=abc&x=1"

// everyKind is what each kind of letter is given; the values are those that nouns use.
var everyKind = map[Kind]map[string]string{
	Invitation:      {"by": "Mira Lindqvist", "organization": "Halden Studio", "role": "admin"},
	StaffInvitation: {"by": "Mira Lindqvist"},
	Recovery:        {},
	RecoveryStarted: {"who": "Tom Okafor", "until": "2026-11-27T09:00:00Z"},
	RecoveryReady:   {"until": "2026-12-04T09:00:00Z"},
	Recovered:       {"who": "Tom Okafor", "at": "2026-11-24T09:00:00Z"},
	EmailChanged:    {"at": "2026-11-24T09:00:00Z"},
	FirstFactor:     {"who": "Aisha Rahman", "at": "2026-11-24T09:00:00Z"},
	LastFactor:      {"who": "Aisha Rahman", "at": "2026-11-24T09:00:00Z"},
	CodesVoided:     {"at": "2026-11-24T09:00:00Z"},
	VerifyEmail:     {},
	NewDevice:       {"device": "Firefox", "prefix": "203.0.113.0/24", "at": "2026-11-24T09:00:00Z"},
	FactorChanged:   {"what": "passkey_added", "at": "2026-11-24T09:00:00Z"},
	PasswordChanged: {"at": "2026-11-24T10:00:00+01:00"},
	GrantRequested:  {"organization": "Halden Studio", "staff": "Ada Brandt", "ticket": "T-1042", "categories": "posts, media", "hours": "24"},
	GrantApproved:   {"organization": "Halden Studio", "staff": "Ada Brandt", "ticket": "T-1042", "by": "Mira Lindqvist", "until": "2026-11-25T09:00:00Z"},
	GrantEnded:      {"organization": "Halden Studio", "staff": "Ada Brandt", "ticket": "T-1042", "how": "withdrawn"},
	GrantPaused:     {"organization": "Halden Studio", "staff": "Ada Brandt", "ticket": "T-1042", "why": "hourly_limit"},
	StaffApproved:   {"organization": "Halden Studio", "ticket": "T-1042", "by": "Mira Lindqvist", "categories": "posts, media", "until": "2026-11-25T09:00:00Z"},
	StaffEnded:      {"organization": "Halden Studio", "ticket": "T-1042", "how": "withdrawn"},
	AuditDigest:     {"organization": "Halden Studio", "checkpoint": "omniposto/ins_01/org_01\n7\nqINS1GRFhWHwdkUeqLEoP4yEMkTBBzxBkGwGQlVlVcs=\n\n— omniposto/ins_01 Az3grlgt"},
	KeyCreated:      {"organization": "Halden Studio", "name": "Import from the shop", "by": "Mira Lindqvist"},
	NeedsAttention:  {"organization": "Halden Studio", "workspace": "Fjellvik Outdoor", "channel": "fjellvik on Mastodon"},
	TestLetter:      {"at": "2026-11-24T09:00:00Z"},
}

func TestEveryKindSaysWhatTheGoldenFilesSay(t *testing.T) {
	t.Parallel()
	for lang, l := range languages {
		if len(l.Kinds) != len(everyKind) {
			t.Errorf("%s has words for %d kinds of %d", lang, len(l.Kinds), len(everyKind))
		}
	}
	for kind, data := range everyKind {
		m, err := write(kind, content{Name: "Tom Okafor", Data: data, Link: sampleLink})
		if err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		for ext, got := range map[string]string{".txt": "Subject: " + m.Subject + "\n\n" + m.Text, ".html": m.HTML} {
			file := filepath.Join("testdata", string(kind)+ext)
			if *update {
				if err := errors.Join(os.MkdirAll("testdata", 0o755), os.WriteFile(file, []byte(got), 0o644)); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil || string(want) != got {
				t.Errorf("%s says something else (%v):\n%s", file, err, got)
			}
		}
	}
}

func TestALetterIsWholeWithoutAnyValue(t *testing.T) {
	t.Parallel()
	for kind := range everyKind {
		m, err := write(kind, content{})
		if err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		for _, text := range []string{m.Subject, m.Text, m.HTML} {
			if strings.ContainsAny(text, "{}") || strings.Contains(text, "<no value>") || strings.Contains(m.Text, "  ") || strings.TrimSpace(text) == "" {
				t.Errorf("%s has a hole:\n%s", kind, text)
			}
		}
	}
}

var address1 = regexp.MustCompile(`(?i)(https?://|www\.\w)[^\s<>"]*`)

func TestOnlyTheLettersLinkIsALink(t *testing.T) {
	t.Parallel()
	evil := "https://evil.example/x www.evil.example evil.example <a href=//evil.example>x</a> javascript:alert(1) mailto:a@evil.example"
	for kind, data := range everyKind {
		given := map[string]string{}
		for name := range data {
			given[name] = evil
		}
		delete(given, "checkpoint")
		m, err := write(kind, content{Name: evil, Data: given, Link: sampleLink})
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{m.Text, html.UnescapeString(m.HTML)} {
			for _, found := range address1.FindAllString(text, -1) {
				if found != sampleLink {
					t.Errorf("%s leads to %q", kind, found)
				}
			}
			if strings.Contains(text, "evil.example") {
				t.Errorf("%s holds an address that a mail program makes a link of:\n%s", kind, text)
			}
		}
		if n := strings.Count(m.HTML, "<a "); n > 1 || n != strings.Count(m.HTML, `<a href="https://posts.example.org/settings/support#token=abc&amp;x=1"`) {
			t.Errorf("%s has %d links", kind, n)
		}
	}
	for _, link := range []string{"javascript:alert(1)", "ftp://x", "/relative", "https://", "https://name:pw@posts.example.org", "data:text/html,x", ":"} {
		if _, err := write(Invitation, content{Link: link}); err == nil {
			t.Errorf("%q is a link", link)
		}
	}
}

func TestWhoeverElseIsToldHearsWhomItIsAbout(t *testing.T) {
	t.Parallel()
	data := map[string]string{"who": "Tom Okafor", "at": "2026-11-24T09:00:00Z"}
	own, err := write(Recovered, content{Name: "Tom Okafor", Data: data})
	if err != nil || own.Subject != "Your sign-in was recovered" || strings.Contains(own.Text, "that you own") {
		t.Errorf("to Tom: %s %v", own.Subject, err)
	}
	other, err := write(Recovered, content{Name: "Mira Lindqvist", Data: data})
	if err != nil || other.Subject != "The sign-in of Tom Okafor was recovered" || strings.Contains(other.Text, "your password") || !strings.Contains(other.Text, "that you own") {
		t.Errorf("to Mira: %s %v\n%s", other.Subject, err, other.Text)
	}
	asked, err := write(GrantRequested, content{Data: map[string]string{"hours": "24h0m0s"}})
	if err != nil || !strings.Contains(asked.Text, "For hours: 24\n") {
		t.Errorf("%v\n%s", err, asked.Text)
	}
}

func TestGrantLettersLeadToWhereToLookAndNowhereElse(t *testing.T) {
	t.Parallel()
	for _, kind := range []Kind{GrantRequested, GrantApproved, GrantEnded, GrantPaused} {
		for lang, l := range languages {
			if label := strings.ToLower(l.Kinds[kind].Link); lang == "en" && (label != "see support access" || strings.Contains(label, "approve")) {
				t.Errorf("%s: the link says %q", kind, label)
			}
		}
	}
}

func TestLettersReadInLightAndDark(t *testing.T) {
	t.Parallel()
	for kind, data := range everyKind {
		m, err := write(kind, content{Data: data, Link: sampleLink})
		if err != nil {
			t.Fatal(err)
		}
		if len(m.HTML) > 8<<10 || !strings.Contains(m.HTML, `name="color-scheme" content="light dark"`) {
			t.Errorf("%s: %d bytes", kind, len(m.HTML))
		}
		for _, bad := range []string{"<style", "<img", "<script", "url(", "class=", "http-equiv"} {
			if strings.Contains(m.HTML, bad) {
				t.Errorf("%s holds %s", kind, bad)
			}
		}
		// A colour for the text stands only where its background stands beside it.
		for _, style := range regexp.MustCompile(`style="([^"]*)"`).FindAllStringSubmatch(m.HTML, -1) {
			if regexp.MustCompile(`(^|;)color:`).MatchString(style[1]) != strings.Contains(style[1], "background-color:") {
				t.Errorf("%s: %q is unreadable in one of the two", kind, style[1])
			}
		}
	}
}

func TestAnUnknownLanguageIsEnglish(t *testing.T) {
	t.Parallel()
	plain, _ := write(VerifyEmail, content{})
	for _, locale := range []string{"en", "en-GB", "xx", "xx-YY", "../en", "\x00"} {
		m, err := write(VerifyEmail, content{Locale: locale})
		if err != nil || m.Text != plain.Text {
			t.Errorf("%q: %v %s", locale, err, m.Text)
		}
	}
	if _, err := write("unheard_of", content{}); !errors.Is(err, errKind) {
		t.Errorf("an unknown kind: %v", err)
	}
}

func TestAVerbatimBlockStaysAsItIs(t *testing.T) {
	t.Parallel()
	checkpoint := everyKind[AuditDigest]["checkpoint"]
	m, err := write(AuditDigest, content{Data: everyKind[AuditDigest]})
	if err != nil || !strings.Contains(m.Text, checkpoint) || !strings.Contains(html.UnescapeString(m.HTML), checkpoint) {
		t.Errorf("%v\n%s", err, m.Text)
	}
}

func FuzzHarmless(f *testing.F) {
	for _, s := range []string{"Tom", "a.b.c", "https://x.y", "\r\nBcc: x", "\u202Eevil", strings.Repeat("x", 500), "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := harmless(s)
		if strings.ContainsAny(got, "\r\n\x00\u2028\u2029\u202e") || len([]rune(strings.ReplaceAll(got, apart, ""))) > maxValue || address1.MatchString(got) {
			t.Errorf("%q became %q", s, got)
		}
		if bytes.ContainsRune([]byte(got), '\u0085') {
			t.Errorf("%q keeps a line break", got)
		}
	})
}
