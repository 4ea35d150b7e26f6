package connector

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // the method that RFC 5849 names; it signs, it hides nothing
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/omniposto/omniposto/app/base/random"
)

// Names of the secret connect fields of a way of kind OAuth1, beside "token".
const (
	ConsumerKey    = "consumer_key"
	ConsumerSecret = "consumer_secret"
	TokenSecret    = "token_secret"
)

// SignedOAuth1 is the Auth of a way of kind OAuth1: pasted keys that never end sign each request by RFC 5849, with
// HMAC-SHA1. Bodies are signed where they are forms, as the standard has it.
var SignedOAuth1 = Auth{Place: Signed, Sign: func(c *Call, r *http.Request, body []byte) error {
	at := *r.URL
	if c.baseURL != "" { // moved: the platform's own address is the one that is signed
		prefix := ""
		if moved, err := url.Parse(c.baseURL); err == nil {
			prefix = strings.TrimSuffix(moved.Path, "/")
		}
		at.Scheme, at.Host = "https", r.Header.Get("Original-Host")
		at.Path, at.RawPath = strings.TrimPrefix(at.Path, prefix), strings.TrimPrefix(at.RawPath, prefix)
	}
	own := map[string]string{
		"oauth_consumer_key":     plain(c.Token.Extra[ConsumerKey]),
		"oauth_token":            plain(c.Token.Access),
		"oauth_nonce":            hex.EncodeToString(random.Bytes(16)),
		"oauth_timestamp":        strconv.FormatInt(c.clock.Now().Unix(), 10),
		"oauth_signature_method": "HMAC-SHA1",
		"oauth_version":          "1.0",
	}
	var form url.Values
	if r.Header.Get("Content-Type") == "application/x-www-form-urlencoded" {
		form, _ = url.ParseQuery(string(body))
	}
	own["oauth_signature"] = signature1(r.Method, &at, own, form, plain(c.Token.Extra[ConsumerSecret]), plain(c.Token.Extra[TokenSecret]))
	var list []string
	for name, value := range own {
		list = append(list, name+`="`+escape1(value)+`"`)
	}
	slices.Sort(list)
	r.Header.Set("Authorization", "OAuth "+strings.Join(list, ", "))
	return nil
}}

// signature1 is the oauth_signature of a request.
func signature1(method string, at *url.URL, own map[string]string, form url.Values, consumerSecret, tokenSecret string) string {
	mac := hmac.New(sha1.New, []byte(escape1(consumerSecret)+"&"+escape1(tokenSecret)))
	mac.Write([]byte(base1(method, at, own, form)))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// base1 is what is signed: method, address, and all parameters by name and value.
func base1(method string, at *url.URL, own map[string]string, form url.Values) string {
	var pairs [][2]string
	for name, value := range own {
		pairs = append(pairs, [2]string{escape1(name), escape1(value)})
	}
	for _, values := range []url.Values{at.Query(), form} {
		for name, list := range values {
			for _, value := range list {
				pairs = append(pairs, [2]string{escape1(name), escape1(value)})
			}
		}
	}
	slices.SortFunc(pairs, func(a, b [2]string) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
	parameters := make([]string, len(pairs))
	for i, p := range pairs {
		parameters[i] = p[0] + "=" + p[1]
	}
	address := strings.ToLower(at.Scheme) + "://" + strings.ToLower(at.Host) + at.EscapedPath()
	return strings.ToUpper(method) + "&" + escape1(address) + "&" + escape1(strings.Join(parameters, "&"))
}

// escape1 is RFC 5849's encoding: everything but letters, digits, - . _ ~ as %XX.
func escape1(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
