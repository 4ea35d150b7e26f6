package mail

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	netmail "net/mail"
	"net/url"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/base/outbound"
	"github.com/omniposto/omniposto/app/base/secret"
)

const resendHost = "api.resend.com"

// resend sends through the HTTP interface of Resend.
// Source: resend.com/docs/api-reference, "Send Email" and "Errors", read 2026-08.
type resend struct {
	key    secret.Text
	api    string
	from   netmail.Address
	client *http.Client
}

// newResend takes resend://re_KEY and resend://KEY@host. api= names another server, for tests and gateways.
func newResend(u *url.URL, from netmail.Address, n Network) (*resend, error) {
	r := &resend{key: secret.NewText(u.Host), api: "https://" + resendHost, from: from, client: n.Dialer.Client(outbound.Limits{Total: stepTime, Body: 64 << 10})}
	if u.User != nil {
		r.key, r.api = secret.NewText(u.User.Username()), "https://"+u.Host
	}
	if api := u.Query().Get("api"); api != "" {
		r.api = strings.TrimSuffix(api, "/")
	}
	if r.key.Empty() {
		return nil, errForm
	}
	return r, nil
}

// Kind implements Transport.
func (r *resend) Kind() string { return "resend" }

// From implements Transport.
func (r *resend) From() string { return r.from.String() }

// resendLetter is the body of a request.
type resendLetter struct {
	From    string            `json:"from"`
	To      []string          `json:"to"`
	Subject string            `json:"subject"`
	Text    string            `json:"text"`
	HTML    string            `json:"html"`
	Headers map[string]string `json:"headers"`
}

// Send implements Transport.
func (r *resend) Send(ctx context.Context, m Message) error {
	raw, err := json.Marshal(resendLetter{From: r.from.String(), To: []string{(&netmail.Address{Name: m.Name, Address: m.To}).String()}, Subject: m.Subject, Text: m.Text, HTML: m.HTML,
		Headers: map[string]string{"Auto-Submitted": "auto-generated", "Message-ID": "<" + messageID(m, r.from) + ">"}})
	if err != nil {
		return &Error{Unreadable}
	}
	status, name, err := r.post(ctx, raw, m.ID.String())
	if err != nil {
		return err
	}
	return ofResend(status, name)
}

// Check implements Transport: a letter without anything in it is refused for its form, but only after the key was taken.
func (r *resend) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	status, name, err := r.post(ctx, []byte("{}"), "")
	switch {
	case err != nil:
		return err
	case (status == http.StatusUnprocessableEntity || status == http.StatusBadRequest) && name != "invalid_api_key":
		return nil
	}
	return ofResend(status, name)
}

// post sends one request and gives the status and, of a refusal, its name: one of the documented words.
func (r *resend) post(ctx context.Context, body []byte, idempotency string) (status int, name string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.api+"/emails", bytes.NewReader(body))
	if err != nil {
		return 0, "", &Error{NoConnection}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "omniposto")
	r.key.Use(func(key string) { req.Header.Set("Authorization", "Bearer "+key) })
	if idempotency != "" {
		req.Header.Set("Idempotency-Key", idempotency)
	}
	answer, err := r.client.Do(req)
	if err != nil {
		return 0, "", &Error{NoConnection}
	}
	defer answer.Body.Close() //nolint:errcheck // only read
	var said struct {
		Name string `json:"name"`
	}
	raw, err := io.ReadAll(answer.Body)
	if err == nil {
		_ = json.Unmarshal(raw, &said) // a gateway may answer in another form; the status says enough
	}
	return answer.StatusCode, said.Name, nil
}

func ofResend(status int, name string) error {
	switch {
	case status >= 200 && status < 300:
		return nil
	case name == "invalid_idempotent_request":
		return nil // it has this letter already, written by another version of us
	case name == "concurrent_idempotent_requests":
		return &Error{Later}
	case status == http.StatusUnauthorized, name == "invalid_api_key", name == "restricted_api_key":
		return &Error{SignIn}
	case status == http.StatusForbidden, name == "invalid_from_address":
		return &Error{Sender}
	case name == "invalid_to_address":
		return &Error{Recipient}
	case status == http.StatusTooManyRequests:
		return &Error{RateLimited}
	case status >= 500, status == http.StatusRequestTimeout, status >= 300 && status < 400:
		return &Error{Unavailable}
	}
	return &Error{Refused}
}

const sendTime = 90 * time.Second
