package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	netmail "net/mail"
	"net/url"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/omniposto/omniposto/app/base/outbound"
	"github.com/omniposto/omniposto/app/base/secret"
)

// How a connection to an SMTP server is protected. Without a word it must begin in the clear and turn to TLS.
const (
	startTLS    = "starttls"
	implicitTLS = "implicit"
	clearText   = "none"
)

// stepTime is how long the server may take for one answer; sendTime bounds a whole letter.
const stepTime = 30 * time.Second

// smtpServer sends over SMTP, one connection for each letter.
type smtpServer struct {
	host     string
	port     int
	tls      string
	name     string
	password secret.Text
	from     netmail.Address
	hello    string
	dial     outbound.Dial
	roots    *x509.CertPool
}

func newSMTP(u *url.URL, from netmail.Address, n Network) (*smtpServer, error) {
	s := &smtpServer{host: u.Hostname(), tls: u.Query().Get("tls"), from: from, hello: n.Host, dial: n.Dialer.Dial, roots: n.Roots}
	if u.Scheme == "smtps" {
		s.tls = implicitTLS
	}
	ports := map[string]int{"": 587, startTLS: 587, implicitTLS: 465, clearText: 25}
	port, known := ports[s.tls]
	if s.port = port; u.Port() != "" {
		s.port, _ = strconv.Atoi(u.Port())
	}
	if !known || s.host == "" || s.port < 1 || s.port > 65535 {
		return nil, errForm
	}
	if u.User != nil {
		s.name = u.User.Username()
		password, _ := u.User.Password()
		s.password = secret.NewText(password)
	}
	if s.hello == "" {
		s.hello = "localhost"
	}
	return s, nil
}

// Kind implements Transport.
func (s *smtpServer) Kind() string { return "smtp" }

// From implements Transport.
func (s *smtpServer) From() string { return s.from.String() }

// client is the library's, set so that a password never leaves without TLS unless the operator said tls=none.
func (s *smtpServer) client(ctx context.Context) (*gomail.Client, error) {
	config := &tls.Config{ServerName: s.host, RootCAs: s.roots, MinVersion: tls.VersionTLS12}
	options := []gomail.Option{gomail.WithPort(s.port), gomail.WithTimeout(stepTime), gomail.WithHELO(s.hello), gomail.WithTLSConfig(config),
		gomail.WithTLSPolicy(gomail.TLSMandatory), gomail.WithoutNoop(), gomail.WithoutRset(),
		gomail.WithDialContextFunc(func(dialling context.Context, network, address string) (net.Conn, error) {
			conn, err := s.dial(dialling, network, address)
			if err != nil {
				return nil, err
			}
			context.AfterFunc(ctx, func() { _ = conn.Close() })
			if s.tls != implicitTLS {
				return conn, nil
			}
			secured := tls.Client(conn, config)
			return secured, secured.HandshakeContext(dialling)
		})}
	ways := []gomail.SMTPAuthType{gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthSCRAMSHA1, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin}
	switch s.tls {
	case implicitTLS:
		options = append(options, gomail.WithSSL())
	case clearText:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
		ways = []gomail.SMTPAuthType{gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthSCRAMSHA1, gomail.SMTPAuthPlainNoEnc, gomail.SMTPAuthLoginNoEnc}
	}
	if s.name != "" {
		s.password.Use(func(password string) {
			options = append(options, gomail.WithOpportunisticSMTPAuth(ways...), gomail.WithUsername(s.name), gomail.WithPassword(password))
		})
	}
	return gomail.NewClient(s.host, options...)
}

// Send implements Transport.
func (s *smtpServer) Send(ctx context.Context, m Message) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	msg, err := s.compose(m)
	if err != nil {
		return &Error{Unreadable}
	}
	c, err := s.client(ctx)
	if err != nil {
		return &Error{NoConnection}
	}
	connected, err := c.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return &Error{ofDial(err)}
	}
	if err := c.SendWithSMTPClient(connected, msg); err != nil && !msg.IsDelivered() {
		return &Error{ofSend(err)}
	}
	_ = c.CloseWithSMTPClient(connected) // the letter is theirs, however they say goodbye
	return nil
}

// Check implements Transport.
func (s *smtpServer) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	c, err := s.client(ctx)
	if err != nil {
		return &Error{NoConnection}
	}
	connected, err := c.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return &Error{ofDial(err)}
	}
	_ = c.CloseWithSMTPClient(connected)
	return nil
}

// compose writes the message. The library encodes what isn't ASCII and refuses what isn't an address; a line break in a
// name or subject was taken out before.
func (s *smtpServer) compose(m Message) (*gomail.Msg, error) {
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	err := errors.Join(msg.FromFormat(s.from.Name, s.from.Address), msg.AddToFormat(m.Name, m.To))
	msg.Subject(m.Subject)
	msg.SetMessageIDWithValue(messageID(m, s.from))
	msg.SetDateWithValue(m.At)
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	return msg, err
}

// ofDial sorts what went wrong until we were signed in.
func ofDial(err error) Problem {
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var network net.Error
	switch {
	case errors.As(err, &certificate), errors.As(err, &record):
		return NoTLS
	case errors.As(err, &network), errors.Is(err, net.ErrClosed), errors.Is(err, context.Canceled):
		return NoConnection
	}
	return ofWords(err)
}

// ofSend sorts what the server said about the letter.
func ofSend(err error) Problem {
	var e *gomail.SendError
	if !errors.As(err, &e) {
		return NoConnection
	}
	permanent := e.ErrorCode() >= 500
	switch e.Reason {
	case gomail.ErrSMTPMailFrom:
		if permanent {
			return Sender
		}
	case gomail.ErrSMTPRcptTo:
		if permanent {
			return Recipient
		}
	case gomail.ErrSMTPData, gomail.ErrSMTPDataClose:
		if permanent {
			return Refused
		}
	case gomail.ErrGetSender, gomail.ErrGetRcpts, gomail.ErrNoUnencoded:
		return Unreadable
	}
	if e.ErrorCode() == 0 {
		return NoConnection
	}
	return Later
}

// ofWords tells the refusals before the letter apart, for which the library has no types.
func ofWords(err error) Problem {
	said := err.Error()
	switch {
	case strings.Contains(said, "STARTTLS"), strings.Contains(said, "tls:"), strings.Contains(said, "x509:"):
		return NoTLS
	case strings.Contains(said, "AUTH"), strings.HasPrefix(said, "535"), errors.Is(err, gomail.ErrNoSupportedAuthDiscovered), errors.Is(err, gomail.ErrPlainAuthNotSupported):
		return SignIn
	case strings.HasPrefix(said, "4"):
		return Unavailable
	}
	return NoConnection
}
