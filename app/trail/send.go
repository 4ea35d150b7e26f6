package trail

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/audit/evidence"
	"github.com/omniposto/omniposto/app/base/outbound"
	"github.com/omniposto/omniposto/app/base/secret"
	"github.com/omniposto/omniposto/app/mail"
	"github.com/omniposto/omniposto/app/media"
	"github.com/omniposto/omniposto/app/organization"
	"github.com/omniposto/omniposto/store"
)

const (
	lookAgain  = time.Minute
	firstPause = time.Minute
	mostPause  = 6 * time.Hour
	digestEach = 24 * time.Hour
)

var sendLimits = outbound.Limits{Total: 20 * time.Second, Body: 64 << 10}

// Poke says that there are new checkpoints, or new addresses.
func (s *Trail) Poke() {
	select {
	case s.send <- struct{}{}:
	default:
	}
}

func (s *Trail) runSending(ctx context.Context) {
	for ctx.Err() == nil {
		if err := s.sendAll(ctx); err != nil && ctx.Err() == nil {
			s.Log.Warn("send checkpoints", "error", err.Error())
		}
		again, stop := s.Clock.Timer(lookAgain)
		select {
		case <-ctx.Done():
		case <-s.send:
		case <-again:
		}
		stop()
	}
}

// parcel is a checkpoint on its way to one target.
type parcel struct {
	name       string
	target     target
	address    string
	secret     string
	checkpoint audit.Checkpoint
}

// sendAll sends the newest checkpoints to where they haven't arrived.
func (s *Trail) sendAll(ctx context.Context) error {
	var due []parcel
	err := s.DB.View(ctx, func(tx store.ReadTx) error {
		due = nil
		for _, o := range offsites.All(tx, store.Range{}) {
			newest, ok := audit.Newest(tx, o.Organization)
			if !ok {
				continue
			}
			o.each(func(name string, t *target) {
				if t.Number >= newest.Number || tx.Now().Before(t.DueAt) {
					return
				}
				p := parcel{name: name, target: *t, checkpoint: newest}
				tx.Fail(s.Keeper.Use(tx, place(o.Organization, name), t.Address, func(plain []byte) error { p.address = string(plain); return nil }))
				if t.Secret != "" {
					tx.Fail(s.Keeper.Use(tx, place(o.Organization, "bucket_secret"), t.Secret, func(plain []byte) error { p.secret = string(plain); return nil }))
				}
				due = append(due, p)
			})
		}
		return nil
	})
	for _, p := range due {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		cosignature, failure := s.deliver(ctx, p)
		err = errors.Join(err, s.settle(ctx, p, cosignature, failure))
	}
	return err
}

// problemClass is why a checkpoint didn't arrive; it names nothing that was there.
type problemClass string

// Error implements error.
func (p problemClass) Error() string { return string(p) }

// The classes.
const (
	unreachable = problemClass("unreachable")
	refused     = problemClass("refused")
	badAnswer   = problemClass("bad_answer")
	notExtended = problemClass("not_extended") // the witness knows another course of this log
	mailProblem = problemClass("mail")
)

// deliver sends one checkpoint. A cosignature is what a witness answers with.
func (s *Trail) deliver(ctx context.Context, p parcel) (cosignature string, err error) {
	switch p.name {
	case webhook:
		return "", s.post(ctx, p)
	case witness:
		return s.cosign(ctx, p)
	case bucket:
		return "", s.put(ctx, p)
	}
	return "", nil // the digest is queued where it is settled
}

// settle keeps what came of it.
func (s *Trail) settle(ctx context.Context, p parcel, cosignature string, failure error) error {
	o := p.checkpoint.Organization
	return s.DB.Update(ctx, func(tx store.Tx) error {
		row := offsiteOf(tx, o)
		row.each(func(name string, t *target) {
			if name != p.name || t.Address != p.target.Address {
				return // it was changed meanwhile
			}
			err := failure
			if name == digest {
				err = s.queue(tx, p)
			}
			var class problemClass
			if err != nil && !errors.As(err, &class) {
				class = unreachable
			}
			if t.Problem = string(class); class != "" {
				t.DueAt = tx.Now().Add(min(firstPause<<min(t.Tries, 20), mostPause))
				t.Tries++
				return
			}
			t.Number, t.Size, t.At, t.Tries, t.DueAt = p.checkpoint.Number, p.checkpoint.Size, tx.Now(), 0, time.Time{}
			if name == digest {
				t.DueAt = tx.Now().Add(digestEach)
			}
			if cosignature != "" {
				audit.Witnessed(tx, o, p.checkpoint.Number, cosignature)
			}
		})
		offsites.Put(tx, row)
		return nil
	})
}

// post hands the checkpoint to a webhook. Nothing but the checkpoint's own signature proves where it is from.
func (s *Trail) post(ctx context.Context, p parcel) error {
	c := p.checkpoint
	body, err := json.Marshal(map[string]any{"type": "audit.checkpoint", "organization": c.Organization, "number": c.Number, "size": c.Size, "at": c.At, "checkpoint": c.Note})
	if err != nil {
		return err
	}
	status, _, err := s.ask(ctx, p.address, "application/json", body, fmt.Sprintf("%s-%d", c.Organization, c.Number))
	switch {
	case err != nil:
		return err
	case status < 200 || status > 299:
		return refused
	}
	return nil
}

// ask posts and reads the answer.
func (s *Trail) ask(ctx context.Context, address, kind string, body []byte, id string) (status int, answer string, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return 0, "", unreachable
	}
	r.Header.Set("Content-Type", kind)
	r.Header.Set("User-Agent", "omniposto")
	if id != "" {
		r.Header.Set("Webhook-Id", id)
	}
	got, err := s.Web.Client(sendLimits).Do(r)
	if err != nil {
		return 0, "", unreachable
	}
	defer got.Body.Close() //nolint:errcheck // only read
	raw, err := io.ReadAll(got.Body)
	if err != nil {
		return 0, "", badAnswer
	}
	return got.StatusCode, string(raw), nil
}

// cosign asks a C2SP witness for its signature, from the size that it knows on.
func (s *Trail) cosign(ctx context.Context, p parcel) (string, error) {
	w, err := evidence.ParseWitness(p.target.Key)
	if err != nil {
		return "", badAnswer
	}
	known := p.target.Size
	for range 2 { // the second time from the size that it says it knows
		status, answer, err := s.addCheckpoint(ctx, p, known)
		switch {
		case err != nil:
			return "", err
		case status == http.StatusConflict:
			size, perr := strconv.ParseInt(strings.TrimSpace(answer), 10, 64)
			if perr != nil || size < 0 || size == known {
				return "", badAnswer
			}
			if known = size; size > p.checkpoint.Size {
				return "", notExtended
			}
		case status == http.StatusUnprocessableEntity:
			return "", notExtended
		case status != http.StatusOK:
			return "", refused
		default:
			if _, line, ok := w.Cosigned(p.checkpoint.Note + answer); ok {
				return line, nil
			}
			return "", badAnswer
		}
	}
	return "", badAnswer
}

func (s *Trail) addCheckpoint(ctx context.Context, p parcel, known int64) (status int, answer string, err error) {
	var proof []evidence.Hash
	err = s.DB.View(ctx, func(tx store.ReadTx) (err error) {
		proof, err = audit.ProveConsistency(tx, p.checkpoint.Organization, known, p.checkpoint.Size)
		return err
	})
	if err != nil {
		return 0, "", err
	}
	var body strings.Builder
	fmt.Fprintf(&body, "old %d\n", known)
	for _, h := range proof {
		body.WriteString(h.String() + "\n")
	}
	body.WriteString("\n" + p.checkpoint.Note)
	return s.ask(ctx, strings.TrimSuffix(p.address, "/")+"/add-checkpoint", "text/plain", []byte(body.String()), "")
}

// put writes the checkpoint into the customer's own bucket, each under its own name.
func (s *Trail) put(ctx context.Context, p parcel) error {
	storage, err := media.OpenStorage(media.Place{URL: p.address, AccessKey: secret.NewText(p.target.Key), SecretKey: secret.NewText(p.secret), Dial: s.Web.Dial})
	if err != nil {
		return refused
	}
	ctx, cancel := context.WithTimeout(ctx, sendLimits.Total)
	defer cancel()
	key := fmt.Sprintf("omniposto-audit/%s/%010d", audit.LogName(p.checkpoint.Organization), p.checkpoint.Number)
	if _, err := storage.Put(ctx, key, strings.NewReader(p.checkpoint.Note)); err != nil {
		return unreachable
	}
	return nil
}

// queue puts the digest into the outbox.
func (s *Trail) queue(tx store.Tx, p parcel) error {
	o, _ := organization.Get(tx, p.checkpoint.Organization)
	l := mail.Letter{Kind: mail.AuditDigest, To: p.address, Organization: p.checkpoint.Organization, Link: s.Link(p.checkpoint.Organization),
		Data: map[string]string{"organization": o.Name, "checkpoint": p.checkpoint.Note}}
	if s.Mail.Queue(tx, l) != nil {
		return mailProblem
	}
	return nil
}
