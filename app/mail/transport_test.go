package mail

import (
	"encoding/json"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	netmail "net/mail"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/omniposto/omniposto/app/base/outbound"
	"github.com/omniposto/omniposto/app/base/secret"
	"github.com/omniposto/omniposto/app/ref"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// transport opens the transport of a mail.url for a post office.
func (o *postOffice) transport(t *testing.T, address string) Transport {
	t.Helper()
	tr, err := Open(secret.NewText(address), Network{Dialer: outbound.Configured(outbound.Rules{}), Roots: o.roots, Host: "posts.example.org"})
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func (o *postOffice) url(scheme, password, query string) string {
	u := url.URL{Scheme: scheme, User: url.UserPassword("mira", password), Host: o.addr, RawQuery: "from=posts@example.org" + query}
	return u.String()
}

func sample() Message {
	return Message{ID: ref.Mint[ref.Letter](noon), To: "tom@halden.example", Name: "Tom Åkesson", Subject: "Grüße aus Fjellvik", Text: "Hello Tom,\n\nas text\n", HTML: "<p>as HTML</p>", At: noon}
}

func TestLettersGoOutUnderEveryProtection(t *testing.T) {
	t.Parallel()
	for protection, address := range map[string]func(*postOffice) string{
		startTLS:    func(o *postOffice) string { return o.url("smtp", mailPassword, "") },
		implicitTLS: func(o *postOffice) string { return o.url("smtp", mailPassword, "&tls=implicit") },
		"smtps":     func(o *postOffice) string { return o.url("smtps", mailPassword, "") },
		clearText:   func(o *postOffice) string { return o.url("smtp", mailPassword, "&tls=none") },
	} {
		t.Run(protection, func(t *testing.T) {
			t.Parallel()
			kind := protection
			if kind == "smtps" {
				kind = implicitTLS
			}
			office := openPostOffice(t, kind)
			tr := office.transport(t, address(office))
			if err := tr.Check(t.Context()); err != nil {
				t.Fatalf("check: %v", err)
			}
			if len(office.letters()) != 0 {
				t.Fatal("the check sent something")
			}
			m := sample()
			if err := tr.Send(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			got := office.letters()
			if len(got) != 1 || got[0].from != "posts@example.org" || len(got[0].to) != 1 || got[0].to[0] != m.To {
				t.Fatalf("delivered: %+v", got)
			}
			checkRaw(t, got[0].raw, m)
		})
	}
}

// checkRaw reads a letter as a mail program does.
func checkRaw(t *testing.T, raw []byte, m Message) {
	t.Helper()
	letter, err := netmail.ReadMessage(strings.NewReader(string(raw)))
	if err != nil {
		t.Fatal(err)
	}
	words := new(mime.WordDecoder)
	if subject, err := words.DecodeHeader(letter.Header.Get("Subject")); err != nil || subject != m.Subject {
		t.Errorf("the subject is %q (%v)", subject, err)
	}
	to, err := letter.Header.AddressList("To")
	if err != nil || len(to) != 1 || to[0].Name != m.Name || to[0].Address != m.To {
		t.Errorf("it goes to %v (%v)", to, err)
	}
	from, err := letter.Header.AddressList("From")
	if err != nil || from[0].Name != "Omni Posto" || from[0].Address != "posts@example.org" {
		t.Errorf("it comes from %v (%v)", from, err)
	}
	if id := letter.Header.Get("Message-ID"); id != "<"+m.ID.String()+"@example.org>" {
		t.Errorf("the Message-ID is %s", id)
	}
	if auto := letter.Header.Get("Auto-Submitted"); auto != "auto-generated" {
		t.Errorf("Auto-Submitted: %q", auto)
	}
	kind, params, err := mime.ParseMediaType(letter.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("it is a %s (%v)", kind, err)
	}
	var parts []string
	for r := multipart.NewReader(letter.Body, params["boundary"]); ; {
		p, err := r.NextPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(p)
		parts = append(parts, p.Header.Get("Content-Type")+"|"+strings.ReplaceAll(string(body), "\r\n", "\n"))
	}
	if len(parts) != 2 || !strings.HasPrefix(parts[0], "text/plain") || !strings.Contains(parts[0], "as text") || !strings.HasPrefix(parts[1], "text/html") || !strings.Contains(parts[1], "<p>as HTML</p>") {
		t.Errorf("its parts are %q", parts)
	}
}

func TestProblemsOfAnSMTPServerAreClassesWithoutItsWords(t *testing.T) {
	t.Parallel()
	said := func(code int) error {
		return &smtp.SMTPError{Code: code, EnhancedCode: smtp.NoEnhancedCode, Message: "canary words of the server about tom@halden.example"}
	}
	at := func(where string, code int) func(*postOffice) {
		return func(o *postOffice) {
			o.refusing(func(step, _ string) error {
				if step == where {
					return said(code)
				}
				return nil
			})
		}
	}
	for name, c := range map[string]struct {
		protection string
		url        func(*postOffice) string
		prepare    func(*postOffice)
		want       Problem
	}{
		"a wrong password":                {startTLS, func(o *postOffice) string { return o.url("smtp", "wrong", "") }, nil, SignIn},
		"no STARTTLS offered":             {clearText, func(o *postOffice) string { return o.url("smtp", mailPassword, "") }, nil, NoTLS},
		"a certificate nobody knows":      {startTLS, func(o *postOffice) string { o.roots = nil; return o.url("smtp", mailPassword, "") }, nil, NoTLS},
		"TLS where there is none":         {startTLS, func(o *postOffice) string { return o.url("smtps", mailPassword, "") }, nil, NoTLS},
		"nobody there":                    {startTLS, func(o *postOffice) string { return "smtp://mira:x@127.0.0.1:1?from=posts@example.org" }, nil, NoConnection},
		"a sender that isn't ours":        {startTLS, nil, at("from", 550), Sender},
		"no such recipient":               {startTLS, nil, at("to", 550), Recipient},
		"a full mailbox":                  {startTLS, nil, at("to", 452), Later},
		"a letter that isn't wanted":      {startTLS, nil, at("data", 554), Refused},
		"greylisted after the whole text": {startTLS, nil, at("data", 451), Later},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			office := openPostOffice(t, c.protection)
			address := office.url("smtp", mailPassword, "")
			if c.url != nil {
				address = c.url(office)
			}
			if c.prepare != nil {
				c.prepare(office)
			}
			err := office.transport(t, address).Send(t.Context(), sample())
			if err == nil || ProblemOf(err) != c.want {
				t.Fatalf("%v, want %s", err, c.want)
			}
			if strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), "halden") {
				t.Errorf("the error holds the server's words: %v", err)
			}
			if len(office.letters()) != 0 {
				t.Error("it was delivered after all")
			}
		})
	}
}

func TestAPasswordNeverLeavesInTheClear(t *testing.T) {
	t.Parallel()
	office := openPostOffice(t, clearText)
	for _, address := range []string{office.url("smtp", mailPassword, ""), office.url("smtp", mailPassword, "&tls=starttls")} {
		if err := office.transport(t, address).Check(t.Context()); ProblemOf(err) != NoTLS {
			t.Errorf("%v, want it refused for want of TLS", err)
		}
	}
}

func TestResendGetsOneRequestWithTheLettersID(t *testing.T) {
	t.Parallel()
	var got []*http.Request
	var bodies []resendLetter
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var b resendLetter
		raw, _ := io.ReadAll(r.Body)
		_ = json.Unmarshal(raw, &b)
		got, bodies = append(got, r), append(bodies, b)
		_, _ = io.WriteString(w, `{"id":"49a3999c-0ce1-4ea6-ab68-afcd6dc2e794"}`)
	}))
	t.Cleanup(server.Close)
	tr, err := Open(secret.NewText("resend://re_Key_9?from=posts@example.org&api="+server.URL), Network{Dialer: outbound.Configured(outbound.Rules{})})
	if err != nil {
		t.Fatal(err)
	}
	m := sample()
	if err := tr.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	r, b := got[0], bodies[0]
	if len(got) != 1 || r.Method != "POST" || r.URL.Path != "/emails" || r.Header.Get("Authorization") != "Bearer re_Key_9" || r.Header.Get("Idempotency-Key") != m.ID.String() {
		t.Errorf("%s %s %v", r.Method, r.URL, r.Header)
	}
	if b.From != `"Omni Posto" <posts@example.org>` || len(b.To) != 1 || !strings.Contains(b.To[0], "<"+m.To+">") || b.Subject != m.Subject || b.Text != m.Text || b.HTML != m.HTML {
		t.Errorf("the body is %+v", b)
	}
}

func TestProblemsOfResendAreClasses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
		want   Problem
	}{
		"no key":             {401, `{"statusCode":401,"name":"missing_api_key","message":"canary"}`, SignIn},
		"a wrong key":        {403, `{"statusCode":403,"name":"invalid_api_key","message":"canary"}`, SignIn},
		"a foreign domain":   {403, `{"statusCode":403,"name":"validation_error","message":"canary"}`, Sender},
		"a wrong sender":     {422, `{"statusCode":422,"name":"invalid_from_address","message":"canary"}`, Sender},
		"too many":           {429, `{"statusCode":429,"name":"rate_limit_exceeded","message":"canary"}`, RateLimited},
		"the quota":          {429, `{"statusCode":429,"name":"daily_quota_exceeded","message":"canary"}`, RateLimited},
		"a fault there":      {500, `{"statusCode":500,"name":"application_error","message":"canary"}`, Unavailable},
		"a gateway's page":   {502, `<html>canary</html>`, Unavailable},
		"a redirect":         {302, ``, Unavailable},
		"a refused letter":   {422, `{"statusCode":422,"name":"validation_error","message":"canary"}`, Refused},
		"under way":          {409, `{"statusCode":409,"name":"concurrent_idempotent_requests","message":"canary"}`, Later},
		"taken before":       {409, `{"statusCode":409,"name":"invalid_idempotent_request","message":"canary"}`, ""},
		"taken":              {200, `{"id":"x"}`, ""},
		"taken, in no words": {200, ``, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			}))
			t.Cleanup(server.Close)
			tr, err := Open(secret.NewText("resend://re_canary?api="+server.URL), Network{Dialer: outbound.Configured(outbound.Rules{}), Host: "posts.example.org"})
			if err != nil {
				t.Fatal(err)
			}
			err = tr.Send(t.Context(), sample())
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if err == nil || ProblemOf(err) != c.want || strings.Contains(err.Error(), "canary") {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
}

func TestTheKeyOfResendIsChecked(t *testing.T) {
	t.Parallel()
	answer := http.StatusUnprocessableEntity
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Idempotency-Key") != "" {
			t.Error("the check looks like a letter")
		}
		w.WriteHeader(answer)
	}))
	t.Cleanup(server.Close)
	tr, err := Open(secret.NewText("resend://re_x?from=a@b.example&api="+server.URL), Network{Dialer: outbound.Configured(outbound.Rules{})})
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.Check(t.Context()); err != nil {
		t.Errorf("a key that is taken: %v", err)
	}
	answer = http.StatusUnauthorized
	if err := tr.Check(t.Context()); ProblemOf(err) != SignIn {
		t.Errorf("a key that isn't: %v", err)
	}
}

func TestNothingMakesAHeaderOfItsOwn(t *testing.T) {
	t.Parallel()
	office := openPostOffice(t, startTLS)
	tr := office.transport(t, office.url("smtp", mailPassword, ""))
	for _, evil := range []string{"Tom\r\nBcc: evil@evil.example", "Tom\nBcc: evil@evil.example", "Tom\rBcc: evil@evil.example", "Tom\u2028Bcc: evil@evil.example",
		"Tom\x00\r\n\r\n<html>", "\"Tom\" <evil@evil.example>,", "Tom\x85Bcc: evil@evil.example"} {
		m, err := write(Invitation, content{Name: evil, Data: map[string]string{"by": evil, "organization": evil, "role": evil}, Link: "https://posts.example.org/invite#token=x"})
		if err != nil {
			t.Fatal(err)
		}
		m.ID, m.To, m.At = ref.Mint[ref.Letter](noon), "tom@halden.example", noon
		if err := tr.Send(t.Context(), m); err != nil {
			t.Fatalf("%q: %v", evil, err)
		}
	}
	for _, d := range office.letters() {
		letter, err := netmail.ReadMessage(strings.NewReader(string(d.raw)))
		if err != nil {
			t.Fatalf("%v\n%s", err, d.raw)
		}
		to, err := letter.Header.AddressList("To")
		if err != nil || len(to) != 1 || to[0].Address != "tom@halden.example" || letter.Header.Get("Bcc") != "" || len(d.to) != 1 || len(letter.Header["From"]) != 1 {
			t.Errorf("%v %v\n%s", to, err, d.raw)
		}
		for name := range letter.Header {
			switch name {
			case "Subject", "To", "From", "Date", "Message-Id", "Mime-Version", "Content-Type", "Auto-Submitted":
			default:
				t.Errorf("a header %s came from somewhere\n%s", name, d.raw)
			}
		}
	}
	for _, evil := range []string{"tom@halden.example\r\nBcc: evil@evil.example", "tom@halden.example, evil@evil.example", "tom@halden.example\nx", "tom", "", "a b@c.d",
		"\"a\r\nb\"@halden.example", strings.Repeat("a", 250) + "@halden.example"} {
		if got, err := address(evil); err == nil {
			t.Errorf("%q is an address: %q", evil, got)
		}
	}
	if got, err := address("Tom <tom@halden.example>"); err != nil || got != "tom@halden.example" {
		t.Errorf("a name beside the address: %q %v", got, err)
	}
}
