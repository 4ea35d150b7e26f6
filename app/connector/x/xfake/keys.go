package xfake

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // what X signs with
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"sort"
	"strconv"
	"strings"
	"time"
)

// Keys of an app of the account's own.
const (
	consumerKey    = "ck-canary-4f81"
	consumerSecret = "cs-canary-0d22&%"
	token          = me + "-at-canary-91c3"
	tokenSecret    = "ts-canary-7e55"
)

// provenBy reads the Authorization header of a signed request and makes the signature again.
func provenBy(r *http.Request, list string, now time.Time) bool {
	given := map[string]string{}
	for _, pair := range strings.Split(list, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
		given[name], _ = url.PathUnescape(strings.Trim(value, `"`))
	}
	at, _ := strconv.ParseInt(given["oauth_timestamp"], 10, 64)
	if age := now.Sub(time.Unix(at, 0)).Abs(); given["oauth_consumer_key"] != consumerKey || given["oauth_token"] != token || given["oauth_nonce"] == "" || age > 5*time.Minute {
		return false
	}
	signature := given["oauth_signature"]
	delete(given, "oauth_signature")
	for name, values := range r.URL.Query() {
		given[name] = values[0]
	}
	var all []string
	for name := range given {
		all = append(all, name)
	}
	sort.Strings(all)
	for i, name := range all {
		all[i] = percent(name) + "=" + percent(given[name])
	}
	base := r.Method + "&" + percent("https://"+r.Header.Get("Original-Host")+r.URL.Path) + "&" + percent(strings.Join(all, "&"))
	mac := hmac.New(sha1.New, []byte(percent(consumerSecret)+"&"+percent(tokenSecret)))
	_, _ = mac.Write([]byte(base))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil)) == signature
}

func percent(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
