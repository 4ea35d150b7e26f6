package mail

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// postOffice is a real SMTP server inside the test. It takes mira / a password, and refuses as it is told.
type postOffice struct {
	t     *testing.T
	addr  string
	roots *x509.CertPool

	mu       sync.Mutex
	got      []delivered
	sessions int
	busy     int // sessions that are in the middle of a letter
	most     int
	refuse   func(step, address string) error
}

type delivered struct {
	from string
	to   []string
	raw  []byte
}

const mailPassword = "canary-mail-password"

// openPostOffice listens with TLS from the first byte, with STARTTLS, or in the clear only.
func openPostOffice(t *testing.T, protection string) *postOffice {
	t.Helper()
	o := &postOffice{t: t, refuse: func(string, string) error { return nil }}
	cert, roots := certificate(t)
	o.roots = roots
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o.addr = l.Addr().String()
	s := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.sessions++
		_, secured := c.TLSConnectionState()
		return &session{office: o, secured: secured}, nil
	}))
	s.Domain, s.ErrorLog, s.EnableSMTPUTF8 = "mail.test", quiet{}, true
	config := &tls.Config{Certificates: []tls.Certificate{cert}}
	switch protection {
	case implicitTLS:
		l = tls.NewListener(l, config)
	case startTLS:
		s.TLSConfig = config
	case clearText:
		s.AllowInsecureAuth = true
	}
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	return o
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

func (o *postOffice) letters() []delivered {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]delivered(nil), o.got...)
}

func (o *postOffice) refusing(fn func(step, address string) error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.refuse = fn
}

type session struct {
	office  *postOffice
	secured bool
	signed  bool
	letter  delivered
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, name, password string) error {
		if name != "mira" || password != mailPassword {
			return smtp.ErrAuthFailed
		}
		s.signed = true
		return nil
	}), nil
}

func (s *session) ask(step, address string) error {
	s.office.mu.Lock()
	refuse := s.office.refuse
	s.office.mu.Unlock()
	return refuse(step, address)
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if !s.signed {
		return errors.New("sign in first")
	}
	s.office.mu.Lock()
	s.office.busy++
	s.office.most = max(s.office.most, s.office.busy)
	s.office.mu.Unlock()
	s.letter = delivered{from: from}
	return s.ask("from", from)
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.letter.to = append(s.letter.to, to)
	return s.ask("to", to)
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := s.ask("data", ""); err != nil {
		return err
	}
	s.letter.raw = bytes.Clone(raw)
	s.office.mu.Lock()
	defer s.office.mu.Unlock()
	s.office.got = append(s.office.got, s.letter)
	return nil
}

func (s *session) Reset() {}

func (s *session) Logout() error {
	s.office.mu.Lock()
	defer s.office.mu.Unlock()
	if s.letter.from != "" {
		s.office.busy--
	}
	return nil
}

// certificate is one for localhost and 127.0.0.1, and the pool that believes it.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<33, 0), DNSNames: []string{"localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}
