package mail

import (
	"context"
	"time"

	"github.com/omniposto/omniposto/app/access"
	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/base/fail"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// testFresh is how fresh the second factor must be to send a test letter: it tells whether an address exists.
const testFresh = 15 * time.Minute

// ErrOff is the error of asking for a letter that would wait for ever.
var ErrOff = fail.Conflict("mail_off", "No mail is set up on this server. Set mail.url first.")

// View is how mail stands, for administrators.
type View struct {
	Transport string `json:"transport" enum:"none,smtp,resend"`
	From      string `json:"from,omitempty" doc:"In whose name letters go out."`
	Waiting   int    `json:"waiting"`
	Failed    int    `json:"failed" doc:"Given up: after three days, or because there is no such recipient."`
}

// LetterView is a letter that didn't leave yet, as administrators see it: never what it says, never its link.
type LetterView struct {
	ID        ref.Letter `json:"id"`
	Kind      Kind       `json:"kind" maxLength:"40"`
	Recipient string     `json:"recipient" maxLength:"254"`
	CreatedAt time.Time  `json:"created_at"`
	NextTryAt *time.Time `json:"next_try_at,omitempty" doc:"Absent: it was given up."`
	Tries     int        `json:"tries"`
	Problem   Problem    `json:"problem,omitempty" enum:"no_connection,no_tls,sign_in,sender,rate_limited,unavailable,later,recipient,refused,unreadable"`
	Failed    bool       `json:"failed"`
}

type testMail struct {
	Body struct {
		To string `json:"to" format:"email" maxLength:"254"`
	}
}

// Queued is the answer of mail.test.
type Queued struct {
	Letter ref.Letter `json:"letter" doc:"It stands in the outbox until it has left."`
}

// Operations lists what can be done.
func (o *Outbox) Operations() []op.Operation {
	letter := LetterView{Kind: Invitation, Recipient: "tom@halden.example", Tries: 2, Problem: NoConnection}
	return []op.Operation{
		op.New("mail.read", op.GET("/instance/mail"), o.read).
			Says("See how mail stands", "How letters leave this server, and how many wait.").
			Example(nil, View{Transport: "smtp", From: `"Omni Posto" <posts@example.org>`, Waiting: 1}).
			In(op.InstanceScope).By(access.Session).Needs(access.Administer),
		op.New("mail.outbox", op.GET("/instance/mail/outbox"), o.list).
			Says("List letters that wait", "Kind, recipient and times of letters that haven't left, newest first. What they say is sealed to whom they are about.").
			Example(nil, op.Listed[LetterView]{Items: []LetterView{letter}}).
			In(op.InstanceScope).By(access.Session).Fails(op.ErrCursor).Needs(access.Administer),
		op.New("mail.test", op.POST("/instance/mail/test"), o.test).
			Says("Send a test letter", "Queues a letter that says that mail works.").
			Example(map[string]any{"to": "mira@halden.example"}, Queued{}).
			In(op.InstanceScope).By(access.Session).Fresh(testFresh).Costs(op.Costly).Audits("mail.tested").Fails(ErrOff, ErrAddress).
			Hidden("only a person waits for it").Needs(access.Administer),
	}
}

func (o *Outbox) read(ctx context.Context, _ op.Call, _ *op.None) (*View, error) {
	return op.View(ctx, o.DB, func(tx store.ReadTx) (*View, error) {
		v := &View{Transport: "none"}
		if o.Transport != nil {
			v.Transport, v.From = o.Transport.Kind(), o.Transport.From()
		}
		v.Waiting, v.Failed = Counts(tx)
		return v, nil
	})
}

func (w Waiting) view() LetterView {
	v := LetterView{ID: w.ID, Kind: w.Kind, Recipient: w.To, CreatedAt: w.CreatedAt, Tries: w.Tries, Problem: w.Problem, Failed: w.Failed}
	if !w.Failed {
		v.NextTryAt = &w.DueAt
	}
	return v
}

func (o *Outbox) list(ctx context.Context, c op.Call, in *op.Page) (*op.Listed[LetterView], error) {
	at, err := c.Position(in.Cursor)
	if err != nil {
		return nil, err
	}
	return op.View(ctx, o.DB, func(tx store.ReadTx) (*op.Listed[LetterView], error) {
		out := &op.Listed[LetterView]{Items: []LetterView{}}
		var last store.Key
		for key, w := range letters.By(tx, "age", store.Range{To: at, Back: true}) {
			if len(out.Items) == in.Limit {
				out.NextCursor = c.Cursor(last)
				break
			}
			last = append(store.Key(nil), key...)
			out.Items = append(out.Items, w.view())
		}
		return out, nil
	})
}

func (o *Outbox) test(ctx context.Context, c op.Call, in *testMail) (*Queued, error) {
	if !o.Enabled() {
		return nil, ErrOff
	}
	return op.Do(ctx, o.DB, c, func(tx store.Tx) (*Queued, error) {
		w, err := o.queue(tx, Letter{Kind: TestLetter, To: in.Body.To, Data: map[string]string{"at": tx.Now().Format(time.RFC3339)}})
		if err != nil {
			return nil, err
		}
		op.Write(tx, c, op.Act{Action: "mail.tested", On: audit.Thing{Kind: "letter", ID: w.ID.String()}, Instance: true, Quiet: true, Private: map[string]string{"email": w.To}})
		return &Queued{Letter: w.ID}, nil
	})
}
