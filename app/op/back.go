package op

import (
	"encoding/base64"
	"fmt"
	"unicode/utf8"
)

const (
	problemLife  = 60   // seconds
	problemBytes = 1500 // of the words: a cookie has room for 4 KB
)

// Back is where a browser goes that came from elsewhere with nothing to show for it: to the page where the person left
// off. Why stands in a cookie that lives for a minute and is read once: words in an address could be anybody's.
func Back(c Call, page string, err error) string {
	words := Of(err).Detail
	for len(words) > problemBytes || !utf8.ValidString(words) {
		words = words[:min(len(words)-1, problemBytes)]
	}
	name, extra := "omniposto_problem", ""
	if c.Secure {
		name, extra = "__Host-"+name, "; Secure"
	}
	c.SetCookie(fmt.Sprintf("%s=%s; Path=/; Max-Age=%d; SameSite=Lax%s", name, base64.RawURLEncoding.EncodeToString([]byte(words)), problemLife, extra))
	return page + "#problem"
}
