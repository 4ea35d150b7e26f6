package connector

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxWords is how much of a platform's answer is kept.
const maxWords = 500

// mask stands where a secret stood.
const mask = "•••"

// redactor knows the secrets of one call in the forms in which an answer or an address may repeat them.
type redactor struct{ forms []string }

func newRedactor(secrets []string) *redactor {
	r := &redactor{}
	seen := map[string]bool{}
	for _, s := range secrets {
		for _, form := range formsOf(s) {
			if len(form) >= 4 && !seen[form] {
				seen[form] = true
				r.forms = append(r.forms, form)
			}
		}
	}
	sort.Slice(r.forms, func(i, j int) bool { return len(r.forms[i]) > len(r.forms[j]) }) // the whole before its parts
	return r
}

func formsOf(s string) []string {
	out := []string{s, url.QueryEscape(s), url.PathEscape(s), base64.StdEncoding.EncodeToString([]byte(s)), base64.URLEncoding.EncodeToString([]byte(s))}
	if raw, err := json.Marshal(s); err == nil && len(raw) > 2 {
		out = append(out, string(raw[1:len(raw)-1]))
	}
	if u, err := url.Parse(s); err == nil && u.Scheme != "" && u.Host != "" {
		if len(u.Path) > 8 {
			out = append(out, u.Path, u.EscapedPath())
		}
		if len(u.RawQuery) > 4 {
			out = append(out, u.RawQuery)
		}
	}
	return out
}

// clean masks the secrets in s.
func (r *redactor) clean(s string) string {
	for _, form := range r.forms {
		s = strings.ReplaceAll(s, form, mask)
	}
	return s
}

// words masks and cuts what a person or an attempt sees.
func (r *redactor) words(s string) string {
	s = strings.Join(strings.Fields(r.clean(strings.Map(shownRune, strings.ToValidUTF8(s, "")))), " ")
	if utf8.RuneCountInString(s) <= maxWords {
		return s
	}
	return string([]rune(s)[:maxWords-1]) + "…"
}

// shownRune drops what could turn or hide the words around it: control signs and signs of direction.
func shownRune(r rune) rune {
	switch {
	case unicode.IsSpace(r):
		return ' '
	case unicode.IsControl(r), r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0xfeff:
		return -1
	}
	return r
}

// wordsIn finds the platform's own words in an answer.
func wordsIn(a *answer) string {
	for _, at := range []string{"error_description", "description", "message", "detail", "error.message", "error.error_msg", "errors.0.message", "errors.0.detail", "json.errors.0.1", "error", "title"} {
		if s, ok := lookIn(a.json, at); ok && s != "" && s[0] != '{' && s[0] != '[' {
			return s
		}
	}
	body := strings.TrimSpace(string(a.body[:min(len(a.body), 4*maxWords)]))
	if body == "" || strings.HasPrefix(body, "<") || strings.IndexByte(body, 0) >= 0 {
		return ""
	}
	return body
}
