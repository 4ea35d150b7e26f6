package text

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"
)

func TestFindGivesLinksMentionsAndTags(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                                    "",
		"See https://example.com/a.":          "link https://example.com/a",
		"(https://example.com/a_(b))":         "link https://example.com/a_(b)",
		"https://a.example,https://b.example": "link https://a.example,https://b.example",
		"http://[2001:db8::1]/x y":            "link http://[2001:db8::1]/x",
		"见 https://example.com/路径。好":          "link https://example.com/路径",
		"@ada and @bob.example.org!":          "mention ada|mention bob.example.org",
		"@ada@example.social: hi":             "mention ada@example.social",
		"mail ada@example.org":                "",
		"@ada@nodot":                          "mention ada",
		"#go #2026 #go2 #日本 a#b &#39; /#x":    "tag go|tag go2|tag 日本",
		"# alone @ alone https:// alone":      "",
		"https://example.com/#frag #tag":      "link https://example.com/#frag|tag tag",
		"https://example.com/@ada":            "link https://example.com/@ada",
		"*https://example.com/*":              "link https://example.com/",
	} {
		var got []string
		for _, s := range Find(in) {
			got = append(got, string(s.Kind)+" "+s.Value)
		}
		if strings.Join(got, "|") != want {
			t.Errorf("%q: %v, want %s", in, got, want)
		}
	}
}

func TestOffsetsAgreeInThreeUnits(t *testing.T) {
	t.Parallel()
	const in = "👋🏽 Grüße @ada, 日本 #tag und https://example.com/ü 👨‍👩‍👧"
	for _, s := range Find(in) {
		for _, at := range []Offset{s.Start, s.End} {
			head := in[:at.Byte]
			if at.Rune != utf8.RuneCountInString(head) || at.UTF16 != len(utf16.Encode([]rune(head))) {
				t.Errorf("%s %s at %+v", s.Kind, s.Value, at)
			}
		}
		if cut := in[s.Start.Byte:s.End.Byte]; strings.TrimLeft(cut, "@#") != s.Value {
			t.Errorf("%q isn't %q", cut, s.Value)
		}
	}
}

func TestParseGivesWordsAndMarks(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"plain":                             "plain",
		"**bold** and *it*":                 "bold and it [bold bold] [italic it]",
		"_a **b** c_":                       "a b c [bold b] [italic a b c]",
		"~~no~~ ||psst|| `x*y`":             "no psst x*y [strike no] [spoiler psst] [code x*y]",
		"```go\na := 1\n```":                "a := 1 [pre a := 1]",
		"[here](https://example.com/a_b) x": "here x [anchor here]",
		"[**b**](https://example.com)":      "b [bold b] [anchor b]",
		"[no](javascript:alert(1))":         "[no](javascript:alert(1))",
		"2 * 3 * 4 and a_b_c":               "2 * 3 * 4 and a_b_c",
		"** a ** *b":                        "** a ** *b",
		`\*x\* \_`:                          "*x* _",
		"https://example.com/a_b_c_ *x*":    "https://example.com/a_b_c_ x [italic x]",
		"👋 **日本**":                          "👋 日本 [bold 日本]",
	} {
		plain, marks := Parse(in)
		got := plain
		for _, m := range marks {
			got += fmt.Sprintf(" [%s %s]", m.Kind, plain[m.Start.Byte:m.End.Byte])
		}
		if got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestCutFitsAndCutsNoClusterApart(t *testing.T) {
	t.Parallel()
	family := "👨‍👩‍👧‍👦"
	for _, c := range []Count{Runes, UTF16, Bytes, Graphemes, Mastodon, Weighted, EmojiBytes, Parsed} {
		for _, in := range []string{"", "hello", strings.Repeat("word ", 50), strings.Repeat(family, 30), "a https://example.com/" + strings.Repeat("x", 80) + " b c d e f"} {
			for _, limit := range []int{0, 1, 7, 30, 100} {
				got := c.Cut(in, limit, 23)
				if n := c.Length(got, 23); n > limit {
					t.Errorf("%s: %d signs left of %d", c, n, limit)
				}
				if !strings.HasPrefix(in, got) || strings.HasSuffix(got, "\u200d") {
					t.Errorf("%s: %q is no clean beginning", c, got)
				}
			}
		}
	}
}

func FuzzFind(f *testing.F) {
	for _, s := range []string{"https://a.b @c #d", "@@##", "http://", "[x](https://y) **z**", "\xff\xfe https://\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		end := 0
		for _, span := range Find(s) {
			if span.Start.Byte < end || span.End.Byte <= span.Start.Byte || span.End.Byte > len(s) {
				t.Fatalf("%+v in %q", span, s)
			}
			end = span.End.Byte
		}
		plain, marks := Parse(s)
		for _, m := range marks {
			if m.Start.Byte < 0 || m.End.Byte > len(plain) || m.Start.Byte >= m.End.Byte {
				t.Fatalf("%+v in %q", m, plain)
			}
		}
		for _, c := range []Count{Runes, UTF16, Bytes, Graphemes, Mastodon, Weighted, EmojiBytes, Parsed} {
			if n := c.Length(s, 23); n < 0 {
				t.Fatalf("%s counts %d", c, n)
			}
		}
	})
}

func TestHTMLTakesMarkdownAndNoTags(t *testing.T) {
	t.Parallel()
	got, err := HTML("# T\n\nHi **you** <script>alert(1)</script>\nhttps://example.com\n\n[x](javascript:alert(1))")
	if err != nil || strings.Contains(got, "<script") || strings.Contains(got, "javascript:") || !strings.Contains(got, "<strong>you</strong>") || !strings.Contains(got, `href="https://example.com"`) {
		t.Errorf("%s %v", got, err)
	}
}
