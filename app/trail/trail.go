// Package trail is the audit log as its readers have it: owners and admins list it, take it away as a bundle that anybody
// can check, have it verified in the background, and have its checkpoints sent where this server can't take them back.
// What an event is and how it is signed is audit; how a bundle is checked elsewhere is audit/evidence.
//
// Caveats: a copy elsewhere proves something only if whoever runs this server can't reach it. A list with filters reads a
// part of the log at a time, so a page may be short, or empty, and still have a next one.
//
// Why: exports are written to a file first and sent from there, because a look at the store must not wait for a network.
package trail

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/omniposto/omniposto/app/access"
	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/base/fail"
	"github.com/omniposto/omniposto/app/base/outbound"
	"github.com/omniposto/omniposto/app/base/secret"
	"github.com/omniposto/omniposto/app/mail"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/organization"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// Trail offers the operations on audit logs.
type Trail struct {
	Deps
	exporting chan struct{} // one export at a time
	asked     chan ref.Organization
	send      chan struct{}

	mu    sync.Mutex
	found map[ref.Organization]Verification
}

// Deps is what the operations use.
type Deps struct {
	DB     *store.DB
	Clock  clock.Clock
	Keeper *secret.Keeper
	Log    *slog.Logger
	Notary *audit.Notary
	Mail   *mail.Outbox
	Web    *outbound.Dialer                                                          // for addresses that customers give
	Folder string                                                                    // where exports lie until they are sent
	Person func(tx store.ReadTx, id ref.Identity) (who organization.Person, ok bool) // names of actors
	Link   func(o ref.Organization) string                                           // where people read the log
}

// New makes the operations.
func New(d Deps) *Trail {
	return &Trail{Deps: d, exporting: make(chan struct{}, 1), asked: make(chan ref.Organization, 64), send: make(chan struct{}, 1),
		found: map[ref.Organization]Verification{}}
}

// Tables lists what this package stores.
func Tables() []store.AnyTable { return []store.AnyTable{&offsites} }

// The errors of this package.
var (
	ErrBusy    = fail.Conflict("export_running", "Another export is being written. Try again in a moment.")
	ErrAddress = fail.Invalid("address_invalid", "This isn't an address that checkpoints can be sent to.")
	ErrWitness = fail.Invalid("witness_invalid", "This isn't the key of a witness. It looks like NAME+HASH+KEY.")
	ErrBucket  = fail.Invalid("bucket_invalid", "This isn't a bucket. It looks like s3://BUCKET?endpoint=https://HOST&region=REGION, with both keys.")
	ErrQueue   = fail.Limit("too_many_verifications", "Many logs are being verified. Try again in a moment.")
	ErrNoLog   = fail.Conflict("log_empty", "Nothing is in this log yet.")
)

const (
	exportFresh  = 5 * time.Minute
	offsiteFresh = 15 * time.Minute
	keyFresh     = 5 * time.Minute
)

// Operations lists what can be done.
func (s *Trail) Operations() []op.Operation {
	entry := Entry{Seq: 41, Event: "{}", By: "Mira Lindqvist"}
	checkpoint := CheckpointView{Number: 311, Size: 12408, Origin: "omniposto/ins_…/org_…", Note: "omniposto/ins_…/org_…\n12408\n…\n"}
	running := Verification{State: Running, Checked: 4000, Total: 12408}
	offsite := OffsiteView{Version: 1}
	return []op.Operation{
		op.New("audit.list", op.GET("/organizations/{organization}/audit"), s.list).
			Says("Read the audit log", "Who did what, newest first. With filters a page may be short and still have a next one.").
			Example(nil, op.Listed[Entry]{Items: []Entry{entry}}).In(op.InOrganization).Fails(op.ErrCursor).Needs(access.AuditRead),
		op.New("audit.checkpoint", op.GET("/organizations/{organization}/audit/checkpoint"), s.checkpoint).
			Says("Read the newest checkpoint", "The signed head of the log, and the fingerprint of the key that signed it. Keep both: an older checkpoint proves later that nothing was rewritten.").
			Example(nil, checkpoint).In(op.InOrganization).Fails(ErrNoLog).Needs(access.AuditRead),
		op.NewFile("audit.export", op.POST("/organizations/{organization}/audit/export"), s.export).
			Says("Take the audit log away", "As a bundle that can be checked offline with omniposto audit verify, as lines of JSON, as OCSF events or as a table. The export is itself an event of the log.").
			Example(map[string]any{"format": "bundle"}, nil).In(op.InOrganization).By(access.Session).Fresh(exportFresh).Costs(op.Costly).
			Audits("audit.exported").NoDryRun("a file is written").Hidden("only a person takes the log away").Fails(ErrBusy).Needs(access.AuditRead),
		op.New("audit.verify", op.POST("/organizations/{organization}/audit/verify"), s.verify).
			Says("Verify the audit log", "Begins to check every event, proof and checkpoint of the log in the background.").
			Example(nil, running).In(op.InOrganization).Costs(op.Costly).ChangesNothing().Fails(ErrQueue).Needs(access.AuditRead),
		op.New("audit.verification", op.GET("/organizations/{organization}/audit/verify"), s.verification).
			Says("Read how the verification stands", "How far it is, and what it found.").
			Example(nil, running).In(op.InOrganization).Needs(access.AuditRead),
		op.New("audit.offsite", op.GET("/organizations/{organization}/audit/offsite"), s.offsite).
			Says("Read where checkpoints are sent", "Each address with the newest checkpoint that arrived there, and what went wrong.").
			Example(nil, offsite).In(op.InOrganization).Needs(access.AuditRead),
		op.New("audit.send_offsite", op.PUT("/organizations/{organization}/audit/offsite"), s.setOffsite).
			Says("Say where checkpoints are sent", "What is left out stays as it is; an empty text ends it. Addresses and keys are never shown again.").
			Example(map[string]any{"webhook": "https://audit.halden.example/checkpoints"}, offsite).In(op.InOrganization).By(access.Session).
			Versioned().Fresh(offsiteFresh).Audits("audit.offsite_changed").Fails(ErrAddress, ErrWitness, ErrBucket).
			Hidden("only a person decides where proof is kept").Needs(access.SecurityWrite),
		op.New("audit.instance", op.GET("/instance/audit"), s.listInstance).
			Says("Read the instance's audit log", "What administrators, staff and the server itself did, newest first. Nothing of a customer's content is in it.").
			Example(nil, op.Listed[Entry]{Items: []Entry{entry}}).In(op.InstanceScope).By(access.Session).Fails(op.ErrCursor).Needs(access.Administer),
		op.New("audit.rotate_key", op.POST("/instance/audit/key"), s.rotateKey).
			Says("Change the signing key", "Makes a new key for checkpoints. Each log hands over to it with an event and a checkpoint that both keys sign.").
			Example(nil, KeyView{Number: 2}).In(op.InstanceScope).By(access.Session).Fresh(keyFresh).Audits("audit.key_rotated").
			Hidden("only a person changes keys").Needs(access.Administer),
	}
}

// Run checks the ends of all logs, then verifies what is asked for and sends checkpoints, until ctx ends.
func (s *Trail) Run(ctx context.Context) {
	s.tidy()
	s.checkEnds(ctx)
	var group sync.WaitGroup
	group.Go(func() { s.runVerifications(ctx) })
	group.Go(func() { s.runSending(ctx) })
	group.Wait()
}
