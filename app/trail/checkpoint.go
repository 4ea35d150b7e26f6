package trail

import (
	"context"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/audit/evidence"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// CheckpointView is a checkpoint as the API shows it.
type CheckpointView struct {
	Number int64     `json:"number"`
	Size   int64     `json:"size" doc:"Events that it is over."`
	Root   string    `json:"root"`
	At     time.Time `json:"at"`
	Origin string    `json:"origin"`
	Note   string    `json:"note" doc:"As it was signed: what audit verify --since takes."`
	Keys   []KeyView `json:"keys" maxItems:"1000" doc:"Keys that signed this log's checkpoints, oldest first."`
}

// KeyView is a public signing key.
type KeyView struct {
	Number      int64     `json:"number"`
	Fingerprint string    `json:"fingerprint" doc:"What audit verify --key takes. It is the same for all logs of this server."`
	Line        string    `json:"line,omitempty" doc:"The key under this log's name, as witnesses take it."`
	CreatedAt   time.Time `json:"created_at"`
}

func hashText(h [32]byte) string { return evidence.Hash(h).String() }

func keyView(k audit.SigningKey, origin string) KeyView {
	v := KeyView{Number: k.Number, Fingerprint: evidence.Fingerprint(k.Public), CreatedAt: k.CreatedAt}
	if origin != "" {
		v.Line = evidence.KeyLine(origin, k.Public)
	}
	return v
}

// checkpoint answers with the newest one; a log without any gets its first.
func (s *Trail) checkpoint(ctx context.Context, c op.Call, _ *op.OrganizationPath) (*CheckpointView, error) {
	newest, err := s.newest(ctx, c.Organization)
	if err != nil {
		return nil, err
	}
	return op.View(ctx, s.DB, func(tx store.ReadTx) (*CheckpointView, error) {
		v := viewOf(newest)
		for _, k := range audit.SigningKeys(tx) {
			v.Keys = append(v.Keys, keyView(k, v.Origin))
		}
		return &v, nil
	})
}

func (s *Trail) newest(ctx context.Context, o ref.Organization) (newest audit.Checkpoint, err error) {
	there := false
	err = s.DB.View(ctx, func(tx store.ReadTx) error { newest, there = audit.Newest(tx, o); return nil })
	if err == nil && !there {
		newest, err = s.Notary.Make(ctx, o)
	}
	if err == nil && newest.Number == 0 {
		err = ErrNoLog
	}
	return newest, err
}

func viewOf(c audit.Checkpoint) CheckpointView {
	origin, _, _ := strings.Cut(c.Note, "\n")
	return CheckpointView{Number: c.Number, Size: c.Size, Root: hashText(c.Root), At: c.At, Origin: origin, Note: c.Note, Keys: []KeyView{}}
}

func (s *Trail) rotateKey(ctx context.Context, c op.Call, _ *op.None) (*KeyView, error) {
	next, err := s.Notary.NextKey(ctx)
	if err != nil {
		return nil, err
	}
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*KeyView, error) {
		audit.AddKey(tx, next)
		v := keyView(next, "")
		op.Write(tx, c, op.Act{Action: "audit.key_rotated", On: audit.Thing{Kind: "signing_key", ID: v.Fingerprint}, Instance: true, Quiet: true})
		return &v, nil
	})
}
