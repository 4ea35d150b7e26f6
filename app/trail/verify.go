package trail

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/audit/evidence"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// The states of a verification.
const (
	None     = "none"
	Running  = "running"
	Unbroken = "unbroken"
	Broken   = "broken"
	Stopped  = "stopped" // it couldn't be brought to its end; nothing is known
)

// Verification is how the check of a log stands. It is remembered until the server stops.
type Verification struct {
	State      string           `json:"state" enum:"none,running,unbroken,broken,stopped"`
	Checked    int64            `json:"checked" doc:"Events so far."`
	Total      int64            `json:"total"`
	Checkpoint *CheckpointMark  `json:"checkpoint,omitempty" doc:"The newest checkpoint that it reached."`
	Problem    *evidence.Broken `json:"problem,omitempty" doc:"The first event that isn't right, and why."`
	StartedAt  *time.Time       `json:"started_at,omitempty"`
	EndedAt    *time.Time       `json:"ended_at,omitempty"`
}

// CheckpointMark names a checkpoint.
type CheckpointMark struct {
	Number int64     `json:"number"`
	Size   int64     `json:"size"`
	At     time.Time `json:"at"`
}

func (s *Trail) stands(o ref.Organization) Verification {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v, ok := s.found[o]; ok {
		return v
	}
	return Verification{State: None}
}

func (s *Trail) stand(o ref.Organization, v Verification) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.found[o] = v
}

func (s *Trail) verification(_ context.Context, c op.Call, _ *op.OrganizationPath) (*Verification, error) {
	v := s.stands(c.Organization)
	return &v, nil
}

// verify puts the log into the queue, unless it is in there.
func (s *Trail) verify(ctx context.Context, c op.Call, _ *op.OrganizationPath) (*Verification, error) {
	v := s.stands(c.Organization)
	if v.State == Running {
		return &v, nil
	}
	now := c.Now
	v = Verification{State: Running, StartedAt: &now}
	err := s.DB.View(ctx, func(tx store.ReadTx) error { v.Total = audit.Size(tx, c.Organization); return nil })
	if err != nil {
		return nil, err
	}
	was := s.stands(c.Organization)
	s.stand(c.Organization, v)
	select {
	case s.asked <- c.Organization:
		return &v, nil
	default:
		s.stand(c.Organization, was)
		return nil, ErrQueue
	}
}

func (s *Trail) runVerifications(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case o := <-s.asked:
			s.inspect(ctx, o)
		}
	}
}

// inspect walks the whole log and lets its progress be read meanwhile.
func (s *Trail) inspect(ctx context.Context, o ref.Organization) {
	v := s.stands(o)
	i, err := audit.Inspect(ctx, s.DB, o)
	for done := false; err == nil && !done; {
		if done, err = i.Step(ctx); err == nil {
			v.Checked, v.Total = i.Checked, max(i.Total, i.Checked)
			s.stand(o, v)
		}
	}
	now := s.Clock.Now()
	v.EndedAt = &now
	switch broken, ok := audit.IsBroken(err); {
	case ok:
		v.State, v.Problem = Broken, broken
		s.tell(o, broken)
	case err != nil:
		v.State = Stopped
		if !errors.Is(err, context.Canceled) {
			s.Log.Warn("verify an audit log", "log", audit.LogName(o), "error", err.Error())
		}
	default:
		v.State = Unbroken
		err = s.DB.View(ctx, func(tx store.ReadTx) error {
			if c, there := audit.Newest(tx, o); there && c.Size <= v.Checked {
				v.Checkpoint = &CheckpointMark{c.Number, c.Size, c.At}
			}
			return nil
		})
		if err != nil {
			s.Log.Warn("read the checkpoint of an audit log", "log", audit.LogName(o), "error", err.Error())
		}
	}
	s.stand(o, v)
}

// checkEnds looks at the newest events of all logs, so that a store which was edited while the server stood is noticed.
func (s *Trail) checkEnds(ctx context.Context) {
	var logs []ref.Organization
	err := s.DB.View(ctx, func(tx store.ReadTx) error {
		logs = nil
		audit.Logs(tx, func(o ref.Organization) bool { logs = append(logs, o); return true })
		return nil
	})
	for _, o := range logs {
		if err != nil {
			break
		}
		err = s.DB.View(ctx, func(tx store.ReadTx) error { return audit.CheckEnd(tx, o) })
		if broken, ok := audit.IsBroken(err); ok {
			now := s.Clock.Now()
			s.stand(o, Verification{State: Broken, Problem: broken, StartedAt: &now, EndedAt: &now})
			s.tell(o, broken)
			err = nil
		}
	}
	if err != nil && ctx.Err() == nil {
		s.Log.Warn("look at the audit logs", "error", err.Error())
	}
}

func (s *Trail) tell(o ref.Organization, broken *audit.Broken) {
	s.Log.Error("an audit log was changed from outside", "log", audit.LogName(o), "event", broken.Seq, "why", broken.Why)
}

// BrokenLogs names the logs that were found changed since the server started.
func (s *Trail) BrokenLogs() (names []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for o := range maps.Keys(s.found) {
		if s.found[o].State == Broken {
			names = append(names, audit.LogName(o))
		}
	}
	slices.Sort(names)
	return names
}
