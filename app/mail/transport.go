package mail

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	netmail "net/mail"
	"net/url"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/base/outbound"
	"github.com/omniposto/omniposto/app/base/secret"
	"github.com/omniposto/omniposto/app/ref"
)

// Problem is why a letter didn't leave, as a class: no words of a server and nothing of the letter.
type Problem string

// The problems. The first group concerns the transport, so nothing else would leave either; the second the one letter.
const (
	NoConnection Problem = "no_connection" // the server can't be reached, or the connection broke
	NoTLS        Problem = "no_tls"        // the server offers no TLS, or its certificate isn't right
	SignIn       Problem = "sign_in"       // name, password or key aren't taken
	Sender       Problem = "sender"        // the server won't send in the name of from
	RateLimited  Problem = "rate_limited"  // too many letters in a short time
	Unavailable  Problem = "unavailable"   // the server is out of order

	Later      Problem = "later"      // the server says: not now
	Recipient  Problem = "recipient"  // there is no such recipient; for good
	Refused    Problem = "refused"    // the letter isn't taken; for good
	Unreadable Problem = "unreadable" // its content can't be opened or written any more; for good
)

// ofTransport says that other letters would meet the same problem.
func (p Problem) ofTransport() bool {
	switch p {
	case NoConnection, NoTLS, SignIn, Sender, RateLimited, Unavailable:
		return true
	}
	return false
}

// final says that trying again changes nothing.
func (p Problem) final() bool { return p == Recipient || p == Refused || p == Unreadable }

// Error is a failure to send. Its text is the class alone, because a server's words may quote the letter.
type Error struct{ Problem Problem }

// Error implements error.
func (e *Error) Error() string { return "mail: " + string(e.Problem) }

// ProblemOf is the class of an error of a transport.
func ProblemOf(err error) Problem {
	var e *Error
	if errors.As(err, &e) {
		return e.Problem
	}
	return Unavailable
}

// Message is a letter in words, on its way out.
type Message struct {
	ID         ref.Letter
	To, Name   string
	Subject    string
	Text, HTML string
	At         time.Time // when it was queued
}

// Transport takes messages out. Its errors are *Error.
type Transport interface {
	Kind() string // smtp or resend
	From() string // the address in whose name letters go out
	Send(ctx context.Context, m Message) error
	Check(ctx context.Context) error // reaches the server and signs in, and sends nothing
}

// Network is how transports reach their server: the operator's own address, so no policy on it.
type Network struct {
	Dialer *outbound.Dialer
	Roots  *x509.CertPool // nil: the system's
	Host   string         // of the public address: how we greet, and the sender's domain when none is set
}

// Open makes the transport of mail.url; nil when it is empty.
//
//	smtp://name:password@host:587?from=…&tls=starttls|implicit|none    smtps:// is tls=implicit
//	resend://re_KEY?from=…                                             or resend://KEY@host
//
// from may carry a name: "Omni Posto <posts@example.org>". Without it letters come from omniposto@ the public host.
func Open(at secret.Text, n Network) (t Transport, err error) {
	if at.Empty() {
		return nil, nil
	}
	at.Use(func(text string) { t, err = open(text, n) })
	return t, err
}

var errForm = errors.New("mail.url isn't one: see the configuration's page")

func open(text string, n Network) (Transport, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, errForm // the parser's words would hold the password
	}
	from, err := sender(u.Query().Get("from"), n.Host)
	if err != nil {
		return nil, err
	}
	switch u.Scheme {
	case "smtp", "smtps":
		return newSMTP(u, from, n)
	case "resend":
		return newResend(u, from, n)
	}
	return nil, errForm
}

// sender reads from, and makes one of the public host where it is absent.
func sender(from, host string) (netmail.Address, error) {
	if from == "" {
		from = "omniposto@" + strings.Trim(host, "[]")
	}
	a, err := netmail.ParseAddress(from)
	if err != nil {
		return netmail.Address{}, errors.New("mail.url: from must be an e-mail address")
	}
	if a.Name == "" {
		a.Name = productName
	}
	return netmail.Address{Name: oneLine(a.Name), Address: a.Address}, nil
}

const productName = "Omni Posto"

// messageID names the letter to mail servers: the same at each try.
func messageID(m Message, from netmail.Address) string {
	_, domain, _ := strings.Cut(from.Address, "@")
	return fmt.Sprintf("%s@%s", m.ID, domain)
}
