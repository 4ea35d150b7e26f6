// Package matrixfake is a Matrix server with one room, as the fact sheet describes it, in memory.
package matrixfake

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/connector/fake"
)

const (
	me        = "@ada:matrix.example"
	alias     = "#news:matrix.example"
	maxEvent  = 65_536
	envelope  = 2_500 // what servers add to an event
	maxUpload = 20 << 20
	txnLife   = 30 * time.Minute
	tokenLife = time.Hour
)

// Password and Token are good from the start; Room is the room's number, Quiet one where nobody may write, Sealed one that
// is encrypted.
const (
	Password = "pw-canary-matrix-55ab"
	Token    = "syt-canary-matrix-pasted"
	Room     = "!room:matrix.example"
	Quiet    = "!quiet:matrix.example"
	Sealed   = "!sealed:matrix.example"
)

// Platform is the server.
type Platform struct {
	fake.Base
	mux     *http.ServeMux
	txns    map[string]kept   // access token and id: event
	renewal map[string]bool   // refresh tokens
	events  map[string]string // event: its content
	joined  bool
	NoLogin bool // it signs in on a page of its own
	Forgets bool // it has no memory of transaction ids
}

type kept struct {
	event string
	at    time.Time
}

// New makes a server.
func New(w fake.World) fake.Platform {
	p := &Platform{mux: http.NewServeMux(), txns: map[string]kept{}, renewal: map[string]bool{}, events: map[string]string{}}
	p.Begin(w)
	p.Grant(Token)
	const v3 = "/_matrix/client/v3"
	for pattern, h := range map[string]http.HandlerFunc{
		"GET /.well-known/matrix/client":                               p.wellKnown,
		"GET " + v3 + "/login":                                         p.flows,
		"POST " + v3 + "/login":                                        p.login,
		"POST " + v3 + "/refresh":                                      p.refresh,
		"POST " + v3 + "/logout":                                       p.signed(p.logout),
		"GET " + v3 + "/account/whoami":                                p.signed(p.whoami),
		"GET " + v3 + "/directory/room/{alias}":                        p.signed(p.directory),
		"GET " + v3 + "/joined_rooms":                                  p.signed(p.rooms),
		"POST " + v3 + "/join/{room}":                                  p.signed(p.join),
		"GET " + v3 + "/rooms/{room}/state/{type}":                     p.signed(p.state),
		"GET /_matrix/media/v3/config":                                 p.signed(p.config),
		"POST /_matrix/media/v3/upload":                                p.signed(p.upload),
		"PUT " + v3 + "/rooms/{room}/send/m.room.message/{txn}":        p.signed(p.send),
		"PUT " + v3 + "/rooms/{room}/redact/{event}/{txn}":             p.signed(p.redact),
		"GET " + v3 + "/rooms/{room}/messages":                         p.signed(p.messages),
		"GET " + v3 + "/rooms/{room}/event/{event}":                    p.signed(p.event),
		"GET /_matrix/client/v1/rooms/{room}/relations/{event}/{sort}": p.signed(p.relations),
	} {
		p.mux.HandleFunc(pattern, h)
	}
	p.mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusNotFound, "M_UNRECOGNIZED", "Unrecognized request")
	})
	return p
}

// ServeHTTP implements http.Handler.
func (p *Platform) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.mux.ServeHTTP(w, r) }

// Accounts implements fake.Platform.
func (*Platform) Accounts() []fake.Account {
	return []fake.Account{
		{Way: "password", Fields: map[string]string{"server": "matrix.example", "room": alias, "username": me, "password": Password}},
		{Way: "token", Fields: map[string]string{"server": "matrix.example", "room": "https://matrix.to/#/" + alias + "?via=matrix.example", "token": Token}},
	}
}

// ByHand implements fake.Platform.
func (p *Platform) ByHand(text string, files int) fake.Post {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	post := fake.Post{Text: text}
	for range files {
		post.Files = append(post.Files, *p.Keep(fake.File{Name: "by-hand.jpg"}))
	}
	return p.publish(post, `{"msgtype":"m.text","body":`+strconv.Quote(text)+`}`)
}

func (p *Platform) publish(post fake.Post, content string) fake.Post {
	post.ID = "$event" + strconv.Itoa(p.Serial())
	p.events[post.ID] = content
	return p.Show(post)
}

func refuse(w http.ResponseWriter, status int, code, words string) {
	fake.Answer(w, status, map[string]string{"errcode": code, "error": words})
}

func (p *Platform) signed(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !p.Good(fake.Bearer(r)) {
			fake.Answer(w, http.StatusUnauthorized, map[string]any{"errcode": "M_UNKNOWN_TOKEN", "error": "Unknown token", "soft_logout": true})
			return
		}
		h(w, r)
	}
}

func (*Platform) wellKnown(w http.ResponseWriter, _ *http.Request) {
	fake.Answer(w, http.StatusOK, map[string]any{"m.homeserver": map[string]string{"base_url": "https://synapse.matrix.example/"}})
}

func (p *Platform) flows(w http.ResponseWriter, _ *http.Request) {
	flows := []map[string]string{{"type": "m.login.token"}, {"type": "m.login.password"}}
	if p.NoLogin {
		flows = flows[:1]
	}
	fake.Answer(w, http.StatusOK, map[string]any{"flows": flows})
}

func (p *Platform) login(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Type       string `json:"type"`
		Identifier struct {
			Type string `json:"type"`
			User string `json:"user"`
		} `json:"identifier"`
		Password string `json:"password"`
		Refresh  bool   `json:"refresh_token"`
	}
	fake.Read(r, &in)
	if in.Type != "m.login.password" || in.Identifier.Type != "m.id.user" || in.Identifier.User != "ada" || in.Password != Password {
		refuse(w, http.StatusForbidden, "M_FORBIDDEN", "Invalid username or password")
		return
	}
	p.give(w, in.Refresh)
}

// give answers with a new access token.
func (p *Platform) give(w http.ResponseWriter, renewable bool) {
	p.Mu.Lock()
	n := p.Serial()
	out := map[string]any{"user_id": me, "access_token": fmt.Sprintf("syt-canary-matrix-%d", n), "device_id": "OMNIPOSTO"}
	if renewable {
		refresh := fmt.Sprintf("syr-canary-matrix-%d", n)
		p.renewal[refresh] = true
		out["refresh_token"], out["expires_in_ms"] = refresh, tokenLife.Milliseconds()
	}
	p.Mu.Unlock()
	p.Grant(out["access_token"].(string))
	fake.Answer(w, http.StatusOK, out)
}

func (p *Platform) refresh(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Refresh string `json:"refresh_token"`
	}
	fake.Read(r, &in)
	p.Mu.Lock()
	good := p.renewal[in.Refresh]
	delete(p.renewal, in.Refresh)
	p.Mu.Unlock()
	if !good {
		refuse(w, http.StatusUnauthorized, "M_UNKNOWN_TOKEN", "Invalid refresh token")
		return
	}
	p.Refreshed()
	p.give(w, true)
}

func (p *Platform) logout(w http.ResponseWriter, _ *http.Request) {
	p.EndAccess()
	fake.Answer(w, http.StatusOK, map[string]any{})
}

func (*Platform) whoami(w http.ResponseWriter, _ *http.Request) {
	fake.Answer(w, http.StatusOK, map[string]string{"user_id": me, "device_id": "OMNIPOSTO"})
}

func (*Platform) directory(w http.ResponseWriter, r *http.Request) {
	if r.PathValue("alias") != alias {
		refuse(w, http.StatusNotFound, "M_NOT_FOUND", "Room alias not found")
		return
	}
	fake.Answer(w, http.StatusOK, map[string]any{"room_id": Room, "servers": []string{"matrix.example"}})
}

func (p *Platform) rooms(w http.ResponseWriter, _ *http.Request) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	in := []string{Quiet, Sealed}
	if p.joined {
		in = append(in, Room)
	}
	fake.Answer(w, http.StatusOK, map[string]any{"joined_rooms": in})
}

func (p *Platform) join(w http.ResponseWriter, r *http.Request) {
	if name := r.PathValue("room"); name != alias && name != Room {
		refuse(w, http.StatusForbidden, "M_FORBIDDEN", "You are not invited to this room")
		return
	}
	p.Mu.Lock()
	p.joined = true
	p.Mu.Unlock()
	fake.Answer(w, http.StatusOK, map[string]string{"room_id": Room})
}

func (*Platform) state(w http.ResponseWriter, r *http.Request) {
	states := map[string]any{
		Room + " m.room.name": map[string]string{"name": "News"}, Room + " m.room.canonical_alias": map[string]string{"alias": alias},
		Room + " m.room.power_levels":  map[string]any{"users": map[string]int{me: 50}, "events": map[string]int{"m.room.message": 50}},
		Quiet + " m.room.power_levels": map[string]any{"users_default": 0, "events_default": 50},
		Sealed + " m.room.encryption":  map[string]string{"algorithm": "m.megolm.v1.aes-sha2"},
	}
	state, ok := states[r.PathValue("room")+" "+r.PathValue("type")]
	if !ok {
		refuse(w, http.StatusNotFound, "M_NOT_FOUND", "Event not found")
		return
	}
	fake.Answer(w, http.StatusOK, state)
}

func (*Platform) config(w http.ResponseWriter, _ *http.Request) {
	fake.Answer(w, http.StatusOK, map[string]int{"m.upload.size": maxUpload})
}

func (p *Platform) upload(w http.ResponseWriter, r *http.Request) {
	size, sum, err := fake.Measure(r.Body)
	if err != nil || size > maxUpload {
		refuse(w, http.StatusRequestEntityTooLarge, "M_TOO_LARGE", "Upload is too large")
		return
	}
	p.Mu.Lock()
	defer p.Mu.Unlock()
	f := p.Keep(fake.File{Name: r.URL.Query().Get("filename"), MIME: r.Header.Get("Content-Type"), Size: size, Sum: sum})
	fake.Answer(w, http.StatusOK, map[string]string{"content_uri": "mxc://matrix.example/" + f.ID})
}

type content struct {
	Type     string `json:"msgtype"`
	Body     string `json:"body"`
	Format   string `json:"format"`
	HTML     string `json:"formatted_body"`
	URL      string `json:"url"`
	Mentions struct {
		Users []string `json:"user_ids"`
		Room  bool     `json:"room"`
	} `json:"m.mentions"`
	New      *content `json:"m.new_content"`
	Relation struct {
		Type    string `json:"rel_type"`
		Event   string `json:"event_id"`
		ReplyTo struct {
			Event string `json:"event_id"`
		} `json:"m.in_reply_to"`
	} `json:"m.relates_to"`
}

func (p *Platform) send(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	var in content
	if err != nil || json.Unmarshal(raw, &in) != nil || in.Body == "" {
		refuse(w, http.StatusBadRequest, "M_BAD_JSON", "Content is no message")
		return
	}
	p.Mu.Lock()
	defer p.Mu.Unlock()
	key := fake.Bearer(r) + " " + r.PathValue("txn")
	if k, ok := p.txns[key]; ok && !p.Forgets && p.Now().Sub(k.at) < txnLife {
		fake.Answer(w, http.StatusOK, map[string]string{"event_id": k.event})
		return
	}
	switch {
	case r.PathValue("room") != Room:
		refuse(w, http.StatusForbidden, "M_FORBIDDEN", "User not in room")
		return
	case len(raw)+envelope > maxEvent:
		refuse(w, http.StatusRequestEntityTooLarge, "M_TOO_LARGE", "event is too large")
		return
	}
	event := p.take(in, string(raw))
	p.txns[key] = kept{event, p.Now()}
	fake.Answer(w, http.StatusOK, map[string]string{"event_id": event})
}

// take shows a message, or changes the one that it takes the place of.
func (p *Platform) take(in content, raw string) string {
	if old, ok := p.Find(in.Relation.Event); ok && in.Relation.Type == "m.replace" && in.New != nil {
		old.Text, old.More["html"] = in.New.Body, in.New.HTML
		p.Change(old)
		return "$edit" + strconv.Itoa(p.Serial())
	}
	post := fake.Post{Text: in.Body, Parent: in.Relation.ReplyTo.Event, More: map[string]string{
		"type": in.Type, "html": in.HTML, "root": in.Relation.Event, "users": strings.Join(in.Mentions.Users, " "), "room": strconv.FormatBool(in.Mentions.Room),
	}}
	if f, ok := p.File(strings.TrimPrefix(in.URL, "mxc://matrix.example/")); ok {
		post.Files = append(post.Files, *f)
	}
	return p.publish(post, raw).ID
}

func (p *Platform) shown(post fake.Post) map[string]any {
	return map[string]any{"type": "m.room.message", "event_id": post.ID, "sender": me, "origin_server_ts": post.At.UnixMilli(), "content": json.RawMessage(p.events[post.ID])}
}

func (p *Platform) redact(w http.ResponseWriter, r *http.Request) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	p.Drop(r.PathValue("event"))
	fake.Answer(w, http.StatusOK, map[string]string{"event_id": "$redaction" + strconv.Itoa(p.Serial())})
}

func (p *Platform) messages(w http.ResponseWriter, r *http.Request) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	n, _ := strconv.Atoi(r.URL.Query().Get("limit"))
	chunk := []map[string]any{}
	if r.URL.Query().Get("dir") == "b" && strings.Contains(r.URL.Query().Get("filter"), me) {
		for _, post := range p.Newest(max(n, 10)) {
			chunk = append(chunk, p.shown(post))
		}
	}
	fake.Answer(w, http.StatusOK, map[string]any{"chunk": chunk, "start": "t1"})
}

func (p *Platform) event(w http.ResponseWriter, r *http.Request) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	post, ok := p.Find(r.PathValue("event"))
	if !ok {
		refuse(w, http.StatusNotFound, "M_NOT_FOUND", "Event not found")
		return
	}
	fake.Answer(w, http.StatusOK, p.shown(post))
}

// relations of an event: its thread, or two hearts.
func (p *Platform) relations(w http.ResponseWriter, r *http.Request) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	if _, ok := p.Find(r.PathValue("event")); !ok {
		refuse(w, http.StatusNotFound, "M_NOT_FOUND", "Event not found")
		return
	}
	chunk := []map[string]any{}
	if r.PathValue("sort") == "m.annotation" {
		for i := range 2 {
			chunk = append(chunk, map[string]any{"event_id": fmt.Sprintf("$heart%d", i), "content": map[string]any{"m.relates_to": map[string]string{"rel_type": "m.annotation", "key": "❤️"}}})
		}
	} else {
		for _, post := range slices.Backward(p.Newest(1000)) {
			if post.More["root"] == r.PathValue("event") {
				chunk = append(chunk, p.shown(post))
			}
		}
	}
	fake.Answer(w, http.StatusOK, map[string]any{"chunk": chunk})
}

var _ fake.Platform = (*Platform)(nil)
