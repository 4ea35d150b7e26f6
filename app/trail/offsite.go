package trail

import (
	"context"
	"net/mail"
	"net/url"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/audit/evidence"
	"github.com/omniposto/omniposto/app/base/secret"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// offsite says where an organization's checkpoints are sent. Addresses may hold secrets, so they are sealed.
type offsite struct {
	Organization ref.Organization `cbor:"1,keyasint"`
	Version      int64            `cbor:"2,keyasint"`
	Webhook      *target          `cbor:"3,keyasint,omitempty"`
	Digest       *target          `cbor:"4,keyasint,omitempty"`
	Witness      *target          `cbor:"5,keyasint,omitempty"`
	Bucket       *target          `cbor:"6,keyasint,omitempty"`
}

// target is one of them.
type target struct {
	Address secret.Sealed `cbor:"1,keyasint"`
	Shown   string        `cbor:"2,keyasint"`            // what of the address may be shown: the host, the person
	Key     string        `cbor:"3,keyasint,omitempty"`  // of a witness, which is public; of a bucket, the name of its key
	Secret  secret.Sealed `cbor:"4,keyasint,omitempty"`  // of a bucket
	Number  int64         `cbor:"5,keyasint,omitempty"`  // newest checkpoint that arrived
	Size    int64         `cbor:"6,keyasint,omitempty"`  // its size
	At      time.Time     `cbor:"7,keyasint,omitzero"`   // when
	Tries   int           `cbor:"8,keyasint,omitempty"`  // since then
	DueAt   time.Time     `cbor:"9,keyasint,omitzero"`   // not before
	Problem string        `cbor:"10,keyasint,omitempty"` // class of the last failure
}

var offsites = store.Table[offsite]{Name: "audit_offsite", Version: 1, Holds: store.SecretMaterial,
	Key:   func(o offsite) store.Key { return store.K(o.Organization) },
	Owner: func(o offsite) store.Owner { return store.Owner{Organization: o.Organization} }}

func place(o ref.Organization, field string) secret.Place {
	return secret.Place{Purpose: "audit", Organization: o, Kind: "audit_offsite", ID: o, Field: field}
}

// The names of targets; they are also the fields that their secrets are sealed for.
const (
	webhook = "webhook"
	digest  = "digest"
	witness = "witness"
	bucket  = "bucket"
)

// each calls fn with every target that is set.
func (o *offsite) each(fn func(name string, t *target)) {
	for _, t := range []struct {
		name string
		at   *target
	}{{webhook, o.Webhook}, {digest, o.Digest}, {witness, o.Witness}, {bucket, o.Bucket}} {
		if t.at != nil {
			fn(t.name, t.at)
		}
	}
}

// OffsiteView is where checkpoints are sent, as the API shows it.
type OffsiteView struct {
	Webhook *TargetView `json:"webhook,omitempty"`
	Digest  *TargetView `json:"digest,omitempty"`
	Witness *TargetView `json:"witness,omitempty"`
	Bucket  *TargetView `json:"bucket,omitempty"`
	Version int64       `json:"version"`
}

// TargetView is one of them.
type TargetView struct {
	To      string     `json:"to" doc:"The host, the person or the bucket. The whole address isn't shown again."`
	Key     string     `json:"key,omitempty" doc:"Of a witness: what audit verify --witness takes."`
	Number  int64      `json:"number,omitempty" doc:"The newest checkpoint that arrived."`
	At      *time.Time `json:"at,omitempty" doc:"When it arrived."`
	Problem string     `json:"problem,omitempty" doc:"Why the last try failed: unreachable, refused, bad_answer, not_extended, mail."`
}

// ETagVersion implements op.Versioned.
func (v OffsiteView) ETagVersion() int64 { return v.Version }

func (o offsite) view() *OffsiteView {
	show := func(t *target) *TargetView {
		if t == nil {
			return nil
		}
		v := &TargetView{To: t.Shown, Number: t.Number, Problem: t.Problem}
		if o.Witness == t {
			v.Key = t.Key
		}
		if !t.At.IsZero() {
			v.At = &t.At
		}
		return v
	}
	return &OffsiteView{Webhook: show(o.Webhook), Digest: show(o.Digest), Witness: show(o.Witness), Bucket: show(o.Bucket), Version: o.Version}
}

func offsiteOf(tx store.ReadTx, o ref.Organization) offsite {
	if found, ok := offsites.Get(tx, store.K(o)); ok {
		return found
	}
	return offsite{Organization: o, Version: 1}
}

func (s *Trail) offsite(ctx context.Context, c op.Call, _ *op.OrganizationPath) (*OffsiteView, error) {
	return op.View(ctx, s.DB, func(tx store.ReadTx) (*OffsiteView, error) { return offsiteOf(tx, c.Organization).view(), nil })
}

type offsiteInput struct {
	op.OrganizationPath
	Body struct {
		Webhook *string `json:"webhook,omitempty" maxLength:"2000" doc:"Gets each checkpoint by POST."`
		Digest  *string `json:"digest,omitempty" maxLength:"254" doc:"E-mail address that gets the newest checkpoint once a day."`
		Witness *struct {
			URL string `json:"url" maxLength:"2000" doc:"What add-checkpoint is put behind; empty ends it."`
			Key string `json:"key,omitempty" maxLength:"400" doc:"The witness's key: NAME+HASH+KEY."`
		} `json:"witness,omitempty"`
		Bucket *struct {
			URL       string `json:"url" maxLength:"2000" doc:"s3://BUCKET?endpoint=https://HOST&region=REGION; empty ends it."`
			AccessKey string `json:"access_key,omitempty" maxLength:"256"`
			SecretKey string `json:"secret_key,omitempty" maxLength:"256"`
		} `json:"bucket,omitempty"`
	}
}

func (s *Trail) setOffsite(ctx context.Context, c op.Call, in *offsiteInput) (*OffsiteView, error) {
	out, err := op.Do(ctx, s.DB, c, func(tx store.Tx) (*OffsiteView, error) {
		o := offsiteOf(tx, c.Organization)
		if err := c.Matches(o.Version, o.view()); err != nil {
			return nil, err
		}
		changed, err := s.change(tx, &o, in)
		if err != nil {
			return nil, err
		}
		o.Version++
		offsites.Put(tx, o)
		op.Write(tx, c, op.Act{Action: "audit.offsite_changed", On: audit.Thing{Kind: "audit_log", ID: audit.LogName(o.Organization)}, Changed: changed, Quiet: true})
		return o.view(), nil
	})
	if err == nil {
		s.Poke()
	}
	return out, err
}

func (s *Trail) change(tx store.Tx, o *offsite, in *offsiteInput) (changed []string, err error) {
	b := in.Body
	set := func(name string, at **target, address string, shown func(string) (string, error)) error {
		changed = append(changed, name)
		if *at = nil; address == "" {
			return nil
		}
		show, err := shown(address)
		if err != nil {
			return err
		}
		sealed, err := s.Keeper.Seal(tx, place(o.Organization, name), []byte(address))
		*at = &target{Address: sealed, Shown: show}
		return err
	}
	if b.Webhook != nil {
		if err := set(webhook, &o.Webhook, *b.Webhook, hostOf); err != nil {
			return nil, ErrAddress.At("/webhook", "an address that begins with https://")
		}
	}
	if b.Digest != nil {
		if err := set(digest, &o.Digest, *b.Digest, letterTo); err != nil {
			return nil, ErrAddress.At("/digest", "one e-mail address")
		}
	}
	if b.Witness != nil {
		if err := set(witness, &o.Witness, b.Witness.URL, hostOf); err != nil {
			return nil, ErrAddress.At("/witness/url", "an address that begins with https://")
		}
		if o.Witness != nil {
			if _, err := evidence.ParseWitness(b.Witness.Key); err != nil {
				return nil, ErrWitness.At("/witness/key", "NAME+HASH+KEY")
			}
			o.Witness.Key = strings.TrimSpace(b.Witness.Key)
		}
	}
	if b.Bucket != nil {
		if err := set(bucket, &o.Bucket, b.Bucket.URL, bucketOf); err != nil {
			return nil, ErrBucket.At("/bucket/url", "an address that begins with s3://")
		}
		if o.Bucket != nil {
			o.Bucket.Key = b.Bucket.AccessKey
			if o.Bucket.Secret, err = s.Keeper.Seal(tx, place(o.Organization, "bucket_secret"), []byte(b.Bucket.SecretKey)); err != nil {
				return nil, err
			}
		}
	}
	return changed, nil
}

func hostOf(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http" {
		return "", ErrAddress
	}
	return u.Host, nil
}

func letterTo(address string) (string, error) {
	a, err := mail.ParseAddress(address)
	if err != nil || a.Address != address {
		return "", ErrAddress
	}
	return address, nil
}

func bucketOf(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "s3" || u.Host == "" || u.User != nil {
		return "", ErrBucket
	}
	return u.Host, nil
}
