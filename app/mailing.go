package app

import (
	"context"
	"fmt"

	"github.com/omniposto/omniposto/app/base/outbound"
	"github.com/omniposto/omniposto/app/cli"
	"github.com/omniposto/omniposto/app/mail"
	"github.com/omniposto/omniposto/store"
)

// mailTransport is how letters leave, by mail.url; nil when they don't.
func (a *App) mailTransport() (mail.Transport, error) {
	n := mail.Network{Dialer: outbound.Configured(outbound.Rules{}), Host: a.address.Hostname()}
	t, err := mail.Open(a.Config.Mail.URL, n)
	if err != nil {
		return nil, fmt.Errorf("mail.url: %w", err)
	}
	return t, nil
}

var mailOff = cli.Finding{Name: "mail", OK: true, Says: "off: invitation links are shown to whoever invites", Fix: "set mail.url to send them"}

// mailFixes says what an operator can do about a problem of the transport.
var mailFixes = map[mail.Problem]string{
	mail.NoConnection: "see host and port in mail.url, and whether a firewall lets this server out",
	mail.NoTLS:        "use smtps:// where the server speaks TLS from the first byte; its certificate must be valid for the host in mail.url",
	mail.SignIn:       "see name and password, or the key, in mail.url",
	mail.Sender:       "use a from= in mail.url that the server sends for",
	mail.RateLimited:  "wait, or ask the provider for a higher limit",
	mail.Unavailable:  "wait; letters go out when the server is back",
}

// checkMail reaches the mail server and signs in; nothing is sent.
func (a *App) checkMail(ctx context.Context) cli.Finding {
	if a.Config.Mail.URL.Empty() {
		return mailOff
	}
	t, err := a.mailTransport()
	if err == nil {
		err = t.Check(ctx)
	}
	if err != nil {
		return cli.Finding{Name: "mail", Says: err.Error(), Fix: mailFix(err)}
	}
	return cli.Finding{Name: "mail", OK: true, Says: "letters can leave by " + t.Kind()}
}

func mailFix(err error) string {
	if fix := mailFixes[mail.ProblemOf(err)]; fix != "" {
		return fix
	}
	return "see mail.url"
}

// mailFinding is what a running server knows of mail, without asking anybody.
func (a *App) mailFinding(ctx context.Context) cli.Finding {
	if !a.parts.mail.Enabled() {
		return mailOff
	}
	waiting, failed := 0, 0
	err := a.db.View(ctx, func(tx store.ReadTx) error { waiting, failed = mail.Counts(tx); return nil })
	f := finding("mail", err, fmt.Sprintf("by %s; %d letters wait, %d were given up", a.parts.mail.Transport.Kind(), waiting, failed), "see the store")
	if failed > 0 {
		f.Fix = "see the outbox for the reasons"
	}
	return f
}
