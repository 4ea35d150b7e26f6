package post

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/omniposto/omniposto/app/access"
	"github.com/omniposto/omniposto/app/channel"
	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/delivery"
	"github.com/omniposto/omniposto/app/event"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// recalled is a published delivery that was taken away at its platform afterwards. Its state stays published: it was.
type recalled struct {
	Organization ref.Organization `cbor:"1,keyasint"`
	Workspace    ref.Workspace    `cbor:"2,keyasint"`
	Delivery     ref.Delivery     `cbor:"3,keyasint"`
	At           time.Time        `cbor:"4,keyasint"`
	By           ref.Identity     `cbor:"5,keyasint,omitempty"`
}

var recalls = store.Table[recalled]{Name: "recall", Version: 1, Holds: store.Operational,
	Key:   func(r recalled) store.Key { return store.K(r.Organization, r.Workspace, r.Delivery) },
	Owner: func(r recalled) store.Owner { return store.OwnedBy(r.Organization, r.Workspace) }}

// Recall outcomes.
const (
	RecallDone        = "recalled"    // gone at the platform, by us or before
	RecallCancelled   = "cancelled"   // it wasn't out yet, and won't be
	RecallUnsupported = "unsupported" // by hand only
	RecallInDoubt     = "in_doubt"    // being sent, or nobody knows whether it is there
	RecallFailed      = "failed"      // may be tried again
)

const (
	recallAtOnce = 4                // channels
	recallTime   = 90 * time.Second // for all of them
)

// RecallView says how taking one delivery back ended.
type RecallView struct {
	Delivery  ref.Delivery `json:"delivery"`
	Channel   ref.Channel  `json:"channel"`
	Outcome   string       `json:"outcome" enum:"recalled,cancelled,unsupported,in_doubt,failed"`
	Message   string       `json:"message,omitempty" doc:"What to do, or the platform's words."`
	Permalink string       `json:"permalink,omitempty" doc:"Where to take it away by hand."`
}

type recallPost struct {
	PostPath
	Body struct {
		Channels []ref.Channel `json:"channels,omitempty" maxItems:"100" doc:"Where; everywhere when absent."`
	} `required:"false"`
}

func (s *Posts) recallOperation() op.Operation {
	return op.New("posts.recall", op.POST("/workspaces/{workspace}/posts/{post}/recall"), s.recall).
		Says("Take a published post back", "Deletes it at every platform that allows it, answers first, and cancels what isn't out yet. Says for each delivery how that ended; what failed can be tried again.").
		Example(map[string]any{}, op.Listed[RecallView]{Items: []RecallView{{Outcome: RecallDone}}}).
		In(op.InWorkspace).Costs(op.Costly).NoDryRun("the platforms are asked").Audits("post.recalled").Fails(ErrNotFound).Needs(access.PostsPublish)
}

// quarry is one delivery to be taken back.
type quarry struct {
	d       delivery.Delivery
	channel channel.Channel
	there   bool // the channel is still connected
}

func (s *Posts) recall(ctx context.Context, c op.Call, in *recallPost) (*op.Listed[RecallView], error) {
	var all []quarry
	err := s.DB.View(ctx, func(tx store.ReadTx) error {
		all = nil
		p, ok := see(tx, c, in.Post)
		if !ok {
			return ErrNotFound
		}
		for _, d := range s.Deliveries.OfPost(tx, p.ID) {
			if d.Role == delivery.Finish || d.State == delivery.Cancelled || len(in.Body.Channels) > 0 && !slices.Contains(in.Body.Channels, d.Channel) {
				continue
			}
			ch, there := channel.Get(tx, d.Organization, d.Workspace, d.Channel)
			all = append(all, quarry{d, ch, there})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.Reverse(all) // what stands under something goes before it
	out, cancelled := s.takeBack(ctx, c, all)
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*op.Listed[RecallView], error) {
		answer := &op.Listed[RecallView]{Items: slices.Clone(out)}
		for i, q := range all {
			v := &answer.Items[i]
			switch {
			case cancelled[i]:
				s.stop(tx, q.d.ID, c, v)
			case v.Outcome == RecallDone:
				recalls.Put(tx, recalled{Organization: c.Organization, Workspace: c.Workspace, Delivery: q.d.ID, At: tx.Now(), By: c.Actor.Identity})
			}
		}
		done := 0
		for _, v := range answer.Items {
			if v.Outcome == RecallDone {
				done++
			}
		}
		p, _ := Get(tx, c.Organization, c.Workspace, in.Post)
		op.Write(tx, c, op.Act{Action: "post.recalled", On: thing(p), Values: map[string]string{"deliveries": strconv.Itoa(len(all)), "recalled": strconv.Itoa(done)}, Change: event.Change{Post: p.ID, Version: p.Version}})
		return answer, nil
	})
}

// stop cancels what isn't out yet, as it stands now.
func (s *Posts) stop(tx store.Tx, id ref.Delivery, c op.Call, v *RecallView) {
	d, err := s.Deliveries.Get(tx, c.Organization, c.Workspace, id)
	if err == nil {
		_, err = s.Deliveries.Move(tx, d, delivery.Cancel, delivery.Arg{})
	}
	if v.Outcome = RecallCancelled; err != nil {
		v.Outcome, v.Message = RecallInDoubt, "It is just being sent. Try again in a minute."
	}
}

// takeBack asks the platforms, several channels at once and one delivery after the other in each. later marks what is to
// be cancelled here instead.
func (s *Posts) takeBack(ctx context.Context, c op.Call, all []quarry) (out []RecallView, later []bool) {
	ctx, cancel := context.WithTimeout(ctx, recallTime)
	defer cancel()
	out, later = make([]RecallView, len(all)), make([]bool, len(all))
	places := map[ref.Channel][]int{}
	for i, q := range all {
		out[i] = RecallView{Delivery: q.d.ID, Channel: q.d.Channel, Permalink: q.d.Receipt.Permalink}
		switch q.d.State {
		case delivery.Published:
			places[q.d.Channel] = append(places[q.d.Channel], i)
		case delivery.Sending, delivery.Uncertain, delivery.Reconciling, delivery.NeedsAttention, delivery.Claimed:
			out[i].Outcome, out[i].Message = RecallInDoubt, "Nobody knows yet whether it is there. Decide that first."
		default:
			later[i] = true
		}
	}
	var wg sync.WaitGroup
	gate := make(chan struct{}, recallAtOnce)
	for _, list := range places {
		wg.Go(func() {
			gate <- struct{}{}
			defer func() { <-gate }()
			for _, i := range list {
				out[i].Outcome, out[i].Message = s.takeOne(ctx, all[i])
			}
		})
	}
	wg.Wait()
	return out, later
}

func (s *Posts) takeOne(ctx context.Context, q quarry) (outcome, message string) {
	if !q.there {
		return RecallUnsupported, "The channel isn't connected any more. Take it away by hand."
	}
	pub, _ := s.Platform(q.channel.Platform)
	deleter, can := pub.(connector.Deleter)
	if !can {
		return RecallUnsupported, pub.Spec().Label + " lets nobody but a person take it away."
	}
	if q.d.Receipt.ID == "" { // somebody said that it is there
		return RecallUnsupported, "The platform never named this post to us. Take it away by hand."
	}
	r := q.d.Receipt
	g, err := s.Grip(ctx, q.channel)
	if err == nil {
		_, err = connector.Do(ctx, pub, q.channel.ForConnector(), &g, "delete", func(ctx context.Context, call *connector.Call) (struct{}, error) {
			return struct{}{}, deleter.Delete(ctx, call, connector.Receipt{ID: r.ID, Permalink: r.Permalink, At: r.At.Time(), More: r.More})
		})
	}
	if failed := connector.AsFailed(err); failed != nil {
		if failed.Class == connector.Rejected && failed.Status == 0 { // the connector's own word, nobody was asked
			return RecallUnsupported, failed.Words
		}
		if failed.Words == "" {
			failed.Words = "The platform didn't do it. Try again."
		}
		return RecallFailed, failed.Words
	}
	if err != nil {
		return RecallFailed, "The platform couldn't be asked. Try again."
	}
	return RecallDone, ""
}

// recalledAt is when a delivery was taken away again; nil: it wasn't.
func recalledAt(tx store.ReadTx, d delivery.Delivery) *time.Time {
	r, ok := recalls.Get(tx, store.K(d.Organization, d.Workspace, d.ID))
	if !ok {
		return nil
	}
	return &r.At
}
