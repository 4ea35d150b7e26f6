package mail

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

//go:embed words/*.json
var wordFiles embed.FS

//go:embed letter.html
var layoutFile string

var layout = template.Must(template.New("letter").Parse(layoutFile))

// language is all texts of letters in one language. {name} stands for a value of the letter.
type language struct {
	Language    string                       `json:"language"`
	Time        string                       `json:"time"` // a layout of package time; instants are told in UTC
	Hello       string                       `json:"hello"`
	HelloNobody string                       `json:"hello_nobody"`
	LinkText    string                       `json:"link_text"`
	Foot        string                       `json:"foot"`
	Missing     map[string]string            `json:"missing"` // what stands for a value that a letter doesn't have
	Values      map[string]map[string]string `json:"values"`  // words for the values that come from a list
	Kinds       map[Kind]texts               `json:"kinds"`
	Others      map[Kind]texts               `json:"others"` // what is said to somebody else than the one it happened to
}

// texts is what one kind of letter says.
type texts struct {
	Subject  string      `json:"subject"`
	Lines    []string    `json:"lines"`
	Facts    [][2]string `json:"facts"` // left out where there is no value
	Verbatim string      `json:"verbatim"`
	Link     string      `json:"link"` // what the link says
	After    string      `json:"after"`
}

const fallback = "en"

// languages are read once; what doesn't read is a mistake of the build.
var languages = func() map[string]language {
	all := map[string]language{}
	files, err := wordFiles.ReadDir("words")
	if err != nil {
		panic("mail: " + err.Error())
	}
	for _, f := range files {
		raw, err := wordFiles.ReadFile(path.Join("words", f.Name()))
		var l language
		if err = errors.Join(err, json.Unmarshal(raw, &l)); err != nil {
			panic("mail: " + f.Name() + ": " + err.Error())
		}
		all[l.Language] = l
	}
	return all
}()

// languageOf finds the recipient's language: pt-BR, else pt, else English.
func languageOf(locale string) language {
	if l, ok := languages[locale]; ok {
		return l
	}
	base, _, _ := strings.Cut(locale, "-")
	if l, ok := languages[base]; ok {
		return l
	}
	return languages[fallback]
}

// page is a letter filled in, before it becomes text and HTML.
type page struct {
	Language, Title, Hello      string
	Lines                       []string
	Facts                       [][2]string
	Verbatim, Link, Label, Foot string
	After                       string
}

var errKind = errors.New("there are no words for this kind of letter")

// write puts a letter into words.
func write(kind Kind, c content) (Message, error) {
	l := languageOf(c.Locale)
	t, ok := l.Kinds[kind]
	if !ok {
		return Message{}, fmt.Errorf("%w: %s", errKind, kind)
	}
	if other, ok := l.Others[kind]; ok && c.Data["who"] != "" && c.Data["who"] != c.Name {
		t = other
	}
	if err := checkLink(c.Link); err != nil {
		return Message{}, err
	}
	name := harmless(c.Name)
	p := page{Language: l.Language, Title: l.fill(t.Subject, c.Data), Hello: l.HelloNobody, Link: c.Link, Label: t.Link, Foot: l.Foot,
		After: l.fill(t.After, c.Data), Verbatim: verbatim(c.Data[t.Verbatim])}
	if name != "" {
		p.Hello = strings.ReplaceAll(l.Hello, "{name}", name)
	}
	for _, line := range t.Lines {
		p.Lines = append(p.Lines, l.fill(line, c.Data))
	}
	for _, f := range t.Facts {
		if v := c.Data[strings.Trim(f[1], "{}")]; v != "" {
			p.Facts = append(p.Facts, [2]string{f[0], l.fill(f[1], c.Data)})
		}
	}
	if t.Link == "" {
		p.Link = "" // this kind leads nowhere
	}
	var html bytes.Buffer
	if err := layout.Execute(&html, p); err != nil {
		return Message{}, fmt.Errorf("write a letter %s: %w", kind, err)
	}
	return Message{Name: name, Subject: shorten(p.Title), Text: p.text(l), HTML: html.String()}, nil
}

// text is the letter without HTML.
func (p page) text(l language) string {
	parts := append([]string{p.Hello}, p.Lines...)
	var facts []string
	for _, f := range p.Facts {
		facts = append(facts, f[0]+": "+f[1])
	}
	if len(facts) > 0 {
		parts = append(parts, strings.Join(facts, "\n"))
	}
	if p.Verbatim != "" {
		parts = append(parts, p.Verbatim)
	}
	if p.Link != "" {
		parts = append(parts, strings.ReplaceAll(l.LinkText, "{label}", p.Label)+"\n"+p.Link)
	}
	if p.After != "" {
		parts = append(parts, p.After)
	}
	return strings.Join(append(parts, "-- \n"+p.Foot), "\n\n") + "\n"
}

var placeholder = regexp.MustCompile(`\{[a-z]+\}`)

// fill puts the values into a text, each made harmless.
func (l language) fill(text string, data map[string]string) string {
	return placeholder.ReplaceAllStringFunc(text, func(found string) string {
		name := strings.Trim(found, "{}")
		value := data[name]
		if words, listed := l.Values[name][value]; listed {
			return words
		}
		if _, listed := l.Values[name]; listed {
			value = strings.ReplaceAll(value, "_", " ")
		}
		if name == "at" || name == "until" {
			if at, err := time.Parse(time.RFC3339, value); err == nil {
				return at.UTC().Format(l.Time)
			}
		}
		if took, err := time.ParseDuration(value); name == "hours" && err == nil {
			value = strconv.Itoa(int(took.Hours()))
		}
		if value = harmless(value); value == "" {
			return l.Missing[name]
		}
		return value
	})
}

const (
	maxValue   = 200 // runes of a value in a letter
	maxSubject = 150
	apart      = "\u200b" // zero-width space
)

// harmless is a value that somebody chose, fit to stand in a letter: in one line, not long, and nothing that a reader's
// program would turn into a link.
func harmless(value string) string {
	value = cut(oneLine(value), maxValue)
	runes := []rune(value)
	var out strings.Builder
	for i, r := range runes {
		out.WriteRune(r)
		between := i > 0 && i+1 < len(runes) && !unicode.IsSpace(runes[i-1]) && !unicode.IsSpace(runes[i+1])
		if between && (r == '.' && unicode.IsLetter(runes[i+1]) || r == ':' || r == '@') {
			out.WriteString(apart)
		}
	}
	return out.String()
}

// oneLine makes control signs, line breaks of all scripts and runs of spaces into single spaces, and drops signs that
// turn the direction of reading.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\u2028', r == '\u2029', unicode.IsControl(r):
			return ' '
		case r == utf8.RuneError, unicode.Is(unicode.Bidi_Control, r), r == '\u200b', r == '\ufeff':
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

func cut(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most-1]) + "…"
}

// shorten fits a subject; the zero-width spaces of harmless don't belong there, because subjects make no links.
func shorten(s string) string { return cut(strings.ReplaceAll(s, apart, ""), maxSubject) }

const maxVerbatim = 4000

// verbatim is a block of our own making, like a checkpoint: its line breaks count.
func verbatim(s string) string {
	return cut(strings.Map(func(r rune) rune {
		if r != '\n' && unicode.IsControl(r) {
			return -1
		}
		return r
	}, s), maxVerbatim)
}

// checkLink refuses what isn't an address for a browser.
func checkLink(link string) error {
	if link == "" {
		return nil
	}
	u, err := url.Parse(link)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return errors.New("the link of a letter must be a web address")
	}
	return nil
}
