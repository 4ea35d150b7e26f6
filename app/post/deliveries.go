package post

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/access"
	"github.com/omniposto/omniposto/app/apikey"
	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/channel"
	"github.com/omniposto/omniposto/app/delivery"
	"github.com/omniposto/omniposto/app/event"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// DeliveryView is a delivery in the API.
type DeliveryView struct {
	ID          ref.Delivery  `json:"id"`
	Post        ref.Post      `json:"post"`
	Channel     ref.Channel   `json:"channel"`
	Platform    string        `json:"platform"`
	Part        int           `json:"part"`
	Role        string        `json:"role" enum:"post,reply,comment,finish"`
	Target      string        `json:"target,omitempty"`
	Parent      *ref.Delivery `json:"parent,omitempty"`
	Status      string        `json:"status"`
	DueAt       time.Time     `json:"due_at"`
	WakeAt      *time.Time    `json:"wake_at,omitempty" doc:"When it is looked at next."`
	Version     int64         `json:"version"`
	Class       string        `json:"class,omitempty"`
	Message     string        `json:"message,omitempty" doc:"The platform's words, or ours."`
	Fix         string        `json:"fix,omitempty"`
	PublishedAt *time.Time    `json:"published_at,omitempty"`
	Permalink   string        `json:"permalink,omitempty"`
	RecalledAt  *time.Time    `json:"recalled_at,omitempty" doc:"When it was taken away again at the platform."`
}

// OnceView is how a delivery stays at exactly one.
type OnceView struct {
	By  string `json:"by" enum:"native,deterministic,handle,lookup,ask"`
	Why string `json:"why,omitempty"`
}

// StepView is one step of publishing.
type StepView struct {
	Name string `json:"name"`
	Done bool   `json:"done"`
}

// AttemptView is one try.
type AttemptView struct {
	ID         ref.Attempt `json:"id"`
	Number     int         `json:"number"`
	StartedAt  time.Time   `json:"started_at"`
	EndedAt    time.Time   `json:"ended_at"`
	Step       string      `json:"step,omitempty"`
	Outcome    string      `json:"outcome"`
	Class      string      `json:"class,omitempty"`
	StatusCode int         `json:"status_code,omitempty"`
	Message    string      `json:"message,omitempty"`
	LatenessMS int64       `json:"lateness_ms"`
}

// ReceiptView is what the platform gave back.
type ReceiptView struct {
	RemoteID    string    `json:"remote_id"`
	Permalink   string    `json:"permalink,omitempty"`
	PublishedAt time.Time `json:"published_at"`
}

// DeliveryDetail is a delivery with all that happened to it.
type DeliveryDetail struct {
	DeliveryView
	Once     OnceView      `json:"once"`
	Steps    []StepView    `json:"steps" maxItems:"200"`
	Attempts []AttemptView `json:"attempts" maxItems:"1000"`
	Receipt  *ReceiptView  `json:"receipt,omitempty"`
	Text     string        `json:"text" doc:"The words of this part."`
	Round    int64         `json:"round"`
	Told     bool          `json:"told" doc:"Somebody was told that it needs a person."`
}

// ETagVersion implements op.Versioned.
func (v DeliveryDetail) ETagVersion() int64 { return v.Version }

// DeliveryPath is the part of a path that names the delivery.
type DeliveryPath struct {
	op.WorkspacePath
	Delivery ref.Delivery `path:"delivery" maxLength:"40" doc:"The delivery's id."`
}

type listDeliveries struct {
	op.WorkspacePath
	op.Page
	Post   ref.Post `query:"post" maxLength:"40"`
	Status string   `query:"status" enum:"needs_attention,failed,paused,missed,sending,scheduled,published,cancelled"`
}

type retryDelivery struct {
	DeliveryPath
	Body struct {
		At time.Time `json:"at,omitempty" doc:"When; now when absent."`
	} `required:"false"`
}

type resolveDelivery struct {
	DeliveryPath
	Body struct {
		Outcome   string `json:"outcome" enum:"published,not_published"`
		Permalink string `json:"permalink,omitempty" format:"uri" maxLength:"2000"`
		Resend    bool   `json:"resend,omitempty" doc:"With not_published: send it again."`
	}
}

func (s *Posts) deliveryOperations() []op.Operation {
	one := DeliveryView{Platform: "mastodon", Role: "post", Status: "published", Version: 5, Permalink: "https://social.example/@fjellvik/1"}
	detail := DeliveryDetail{DeliveryView: one, Once: OnceView{By: "native"}, Steps: []StepView{{Name: "status", Done: true}}, Attempts: []AttemptView{{Number: 1, Outcome: "published"}}, Text: "The winter sale starts now.", Round: 1}
	return []op.Operation{
		op.New("deliveries.list", op.GET("/workspaces/{workspace}/deliveries"), s.listDeliveries).
			Says("List deliveries", "Of one post, or of one status in the order of their times.").
			Example(nil, op.Listed[DeliveryView]{Items: []DeliveryView{one}}).In(op.InWorkspace).Fails(op.ErrCursor, ErrFilter).Needs(access.WorkspaceRead),
		op.New("deliveries.read", op.GET("/workspaces/{workspace}/deliveries/{delivery}"), s.readDelivery).
			Says("Read a delivery", "State, attempts with the platform's words, and the receipt.").Example(nil, detail).In(op.InWorkspace).Fails(ErrNoDelivery).Needs(access.WorkspaceRead),
		op.New("deliveries.retry", op.POST("/workspaces/{workspace}/deliveries/{delivery}/retry"), s.retry).
			Says("Try again", "For what failed or was missed: begins a new round, now or at the time given.").Example(map[string]any{}, detail).
			In(op.InWorkspace).Versioned().Audits("delivery.retried").Fails(op.ErrStale, delivery.ErrIllegal, delivery.ErrNotNow, apikey.ErrDraftsOnly, apikey.ErrPerDay).Needs(access.PostsPublish),
		op.New("deliveries.cancel", op.POST("/workspaces/{workspace}/deliveries/{delivery}/cancel"), s.cancel).
			Says("Take a delivery back", "Before anything was sent. What is in doubt must be decided instead.").Example(nil, detail).
			In(op.InWorkspace).Versioned().Audits("delivery.cancelled").Fails(op.ErrStale, delivery.ErrIllegal).Needs(access.PostsPublish),
		op.New("deliveries.resolve", op.POST("/workspaces/{workspace}/deliveries/{delivery}/resolve"), s.resolveDelivery).
			Says("Say whether it is there", "For what only a person can tell: it is there, or it isn't and may be sent again.").
			Example(map[string]any{"outcome": "published", "permalink": "https://t.me/fjellvik/12"}, detail).
			In(op.InWorkspace).Versioned().Audits("delivery.resolved").Fails(op.ErrStale, delivery.ErrIllegal, apikey.ErrDraftsOnly, apikey.ErrPerDay).Needs(access.PostsPublish),
	}
}

func (s *Posts) deliveryView(tx store.ReadTx, d delivery.Delivery) DeliveryView {
	v := DeliveryView{ID: d.ID, Post: d.Post, Channel: d.Channel, Part: d.Part, Role: string(d.Role), Target: d.Target, Status: d.Word(), DueAt: d.DueAt.Time(),
		Version: d.Version, Class: d.Class, Message: d.Words, Fix: d.Fix}
	if !d.Parent.Zero() {
		v.Parent = &d.Parent
	}
	if d.WakeAt != 0 {
		at := d.WakeAt.Time()
		v.WakeAt = &at
	}
	if d.State == delivery.Published {
		at := d.Receipt.At.Time()
		v.PublishedAt, v.Permalink, v.Class, v.Message, v.Fix = &at, d.Receipt.Permalink, "", "", ""
		v.RecalledAt = recalledAt(tx, d)
	}
	if c, ok := channel.Get(tx, d.Organization, d.Workspace, d.Channel); ok {
		v.Platform = c.Platform
	}
	return v
}

func (s *Posts) detail(tx store.ReadTx, d delivery.Delivery) *DeliveryDetail {
	v := &DeliveryDetail{DeliveryView: s.deliveryView(tx, d), Steps: []StepView{}, Attempts: []AttemptView{}, Round: d.Round, Told: d.Told}
	for _, a := range s.Deliveries.Attempts(tx, d) {
		v.Attempts = append(v.Attempts, AttemptView{ID: a.ID(), Number: a.Number, StartedAt: a.StartedAt.Time(), EndedAt: a.EndedAt.Time(), Step: a.Step,
			Outcome: a.Outcome.String(), Class: a.Class, StatusCode: a.StatusCode, Message: a.Words, LatenessMS: a.Lateness.Milliseconds()})
	}
	if d.State == delivery.Published {
		v.Receipt = &ReceiptView{RemoteID: d.Receipt.ID, Permalink: d.Receipt.Permalink, PublishedAt: d.Receipt.At.Time()}
	}
	p, ok := Get(tx, d.Organization, d.Workspace, d.Post)
	c, there := channel.Get(tx, d.Organization, d.Workspace, d.Channel)
	if !ok || !there {
		return v
	}
	pieces, err := s.Pieces(tx, p, c)
	if err != nil {
		return v
	}
	for _, piece := range pieces {
		if piece.Is(d) {
			v.Text = piece.Draft.Text
			v.steps(piece, d)
		}
	}
	return v
}

// steps lists the declared steps of the kind with what is done of them. "upload…" stands for one step a file, "card?" for
// one that only some posts need: it shows once it was done.
func (v *DeliveryDetail) steps(piece Piece, d delivery.Delivery) {
	draft := piece.Draft
	kind, ok := piece.Spec.KindFor(&draft)
	if !ok {
		return
	}
	v.Once = OnceView{By: string(kind.Once.By), Why: kind.Once.Why}
	for _, name := range kind.Steps {
		name, maybe := strings.CutSuffix(name, "?")
		head, many := strings.CutSuffix(name, "…")
		if _, done := d.Step(name); maybe && !many && !done {
			continue
		}
		if !many {
			_, done := d.Step(name)
			v.Steps = append(v.Steps, StepView{Name: name, Done: done || d.State == delivery.Published})
			continue
		}
		for i := range draft.Media {
			each := head + "." + strconv.Itoa(i)
			_, done := d.Step(each)
			v.Steps = append(v.Steps, StepView{Name: each, Done: done || d.State == delivery.Published})
		}
	}
}

func (s *Posts) listDeliveries(ctx context.Context, c op.Call, in *listDeliveries) (*op.Listed[DeliveryView], error) {
	at, err := c.Position(in.Cursor)
	if err != nil {
		return nil, err
	}
	return op.View(ctx, s.DB, func(tx store.ReadTx) (*op.Listed[DeliveryView], error) {
		out := &op.Listed[DeliveryView]{Items: []DeliveryView{}}
		if !in.Post.Zero() {
			if _, ok := see(tx, c, in.Post); !ok {
				return nil, ErrNotFound
			}
			for _, d := range s.Deliveries.OfPost(tx, in.Post) {
				if in.Status == "" || d.Status().String() == in.Status {
					out.Items = append(out.Items, s.deliveryView(tx, d))
				}
			}
			return out, nil
		}
		rows := s.Deliveries.ByDue(tx, c.Workspace, time.Time{}, time.Time{}, at, true)
		if in.Status != "" {
			st, ok := delivery.ParseStatus(in.Status)
			if !ok {
				return nil, ErrFilter.At("status", "use one of the words of a status")
			}
			rows = s.Deliveries.ByStatus(tx, c.Workspace, st, at, true)
		}
		var last store.Key
		for key, d := range rows {
			if len(out.Items) == in.Limit {
				out.NextCursor = c.Cursor(last)
				break
			}
			last = slices.Clone(key)
			out.Items = append(out.Items, s.deliveryView(tx, d))
		}
		return out, nil
	})
}

func (s *Posts) readDelivery(ctx context.Context, c op.Call, in *DeliveryPath) (*DeliveryDetail, error) {
	return op.View(ctx, s.DB, func(tx store.ReadTx) (*DeliveryDetail, error) {
		d, err := s.Deliveries.Get(tx, c.Organization, c.Workspace, in.Delivery)
		if err != nil {
			return nil, ErrNoDelivery
		}
		return s.detail(tx, d), nil
	})
}

// decide moves a delivery by a person's word. again says that it goes out once more by it.
func (s *Posts) decide(ctx context.Context, c op.Call, id ref.Delivery, again bool, on delivery.Event, a func(tx store.Tx) delivery.Arg, act op.Act) (*DeliveryDetail, error) {
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*DeliveryDetail, error) {
		d, err := s.Deliveries.Get(tx, c.Organization, c.Workspace, id)
		if err != nil {
			return nil, ErrNoDelivery
		}
		if err := c.Matches(d.Version, s.detail(tx, d)); err != nil {
			return nil, err
		}
		if again {
			if err := s.Spend(tx, c.Actor, 1); err != nil {
				return nil, err
			}
		}
		next, err := s.Deliveries.Move(tx, d, on, a(tx))
		if err != nil {
			return nil, err
		}
		act.On = audit.Thing{Kind: "delivery", ID: d.ID.String()}
		act.Change = event.Change{Post: d.Post, Version: next.Version}
		op.Write(tx, c, act)
		return s.detail(tx, next), nil
	})
}

func (s *Posts) retry(ctx context.Context, c op.Call, in *retryDelivery) (*DeliveryDetail, error) {
	return s.decide(ctx, c, in.Delivery, true, delivery.Retry, func(tx store.Tx) delivery.Arg {
		due := in.Body.At
		if due.IsZero() {
			due = tx.Now()
		}
		return delivery.Arg{Due: delivery.At(due)}
	}, op.Act{Action: "delivery.retried"})
}

func (s *Posts) cancel(ctx context.Context, c op.Call, in *DeliveryPath) (*DeliveryDetail, error) {
	return s.decide(ctx, c, in.Delivery, false, delivery.Cancel, func(store.Tx) delivery.Arg { return delivery.Arg{} }, op.Act{Action: "delivery.cancelled"})
}

func (s *Posts) resolveDelivery(ctx context.Context, c op.Call, in *resolveDelivery) (*DeliveryDetail, error) {
	act := op.Act{Action: "delivery.resolved", Values: map[string]string{"outcome": in.Body.Outcome}}
	if in.Body.Outcome == "published" {
		return s.decide(ctx, c, in.Delivery, false, delivery.ResolvePublished, func(tx store.Tx) delivery.Arg {
			return delivery.Arg{Remote: delivery.Remote{Permalink: in.Body.Permalink, At: delivery.At(tx.Now())}}
		}, act)
	}
	return s.decide(ctx, c, in.Delivery, in.Body.Resend, delivery.ResolveNotPublished, func(tx store.Tx) delivery.Arg {
		return delivery.Arg{Resend: in.Body.Resend, Due: delivery.At(tx.Now())}
	}, act)
}
