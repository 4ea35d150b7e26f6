package app

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// forbiddenWords are words that the product never uses for its own things.
var forbiddenWords = regexp.MustCompile(`(?i)\b(users?|accounts?|jobs?|integrations?|entit(y|ies))\b`)

// allowedPhrases are the platforms' own words, which are quoted as they stand there.
var allowedPhrases = regexp.MustCompile(`(?i)(user ?name|username|user token|user-agent|service account|(mastodon|bluesky|wordpress|telegram|discord) (account|user)s?|account('s)? (settings|password|page)|users?/me)`)

// TestForbiddenWordsStandNowhere reads every text that people meet: the API's document, the interface's messages and the
// generated documentation.
func TestForbiddenWordsStandNowhere(t *testing.T) {
	w := openWorld(t)
	raw, err := w.app.server.Document()
	if err != nil {
		t.Fatal(err)
	}
	var doc any
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	checkWords(t, "openapi", doc)
	for _, file := range []string{"../ui/src/words/en.json", "../ui/src/words/en.above.json", "mail/words/en.json"} {
		messages, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var words any
		if err := json.Unmarshal(messages, &words); err != nil {
			t.Fatal(err)
		}
		checkWords(t, filepath.Base(file), words)
	}
}

func checkWords(t *testing.T, where string, v any) {
	t.Helper()
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			if forbiddenWords.MatchString(strings.ReplaceAll(name, "_", " ")) && !strings.HasSuffix(name, "/support/grants/{grant}/account") && !strings.HasPrefix(name, "category.account") {
				t.Errorf("%s.%s: the name is a forbidden word", where, name)
			}
			checkWords(t, where+"."+name, inner)
		}
	case []any:
		for _, inner := range v {
			checkWords(t, where, inner)
		}
	case string:
		if v == "account" && (strings.Contains(where, ".categories") || strings.HasSuffix(where, ".category.enum")) {
			return // what a support grant calls the members' own fields
		}
		if rest := allowedPhrases.ReplaceAllString(v, ""); forbiddenWords.MatchString(rest) {
			t.Errorf("%s: %q", where, v)
		}
	}
}
