package conform

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"

	"github.com/coder/websocket"
)

// isSocket says that a request opens a websocket.
func isSocket(r *http.Request) bool { return strings.EqualFold(r.Header.Get("Upgrade"), "websocket") }

// says that the fault is a text of a conversation and no answer of HTTP: texts are JSON lists.
func (f fault) says() bool {
	return len(f.body) > 0 && len(f.body) < 1<<20 && f.body[0] == '[' && f.status < 500
}

// speak hears one text and answers with the fault's, in which {{id}} is the id that was heard; the platform never hears
// of it.
func (f fault) speak(rw http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(rw, r, nil)
	if err != nil {
		return
	}
	defer func() { _ = conn.CloseNow() }()
	_, heard, err := conn.Read(r.Context())
	if err != nil {
		return
	}
	_ = conn.Write(r.Context(), websocket.MessageText, bytes.ReplaceAll(f.body, []byte("{{id}}"), idIn(heard)))
	_, _, _ = conn.Read(r.Context()) // until the other side hangs up
}

// idIn is the id of what a text carries: ["EVENT", {"id": …}].
func idIn(text []byte) []byte {
	var parts []json.RawMessage
	var carried struct {
		ID string `json:"id"`
	}
	if json.Unmarshal(text, &parts) == nil && len(parts) > 1 {
		_ = json.Unmarshal(parts[len(parts)-1], &carried)
	}
	return []byte(carried.ID)
}

// socketDoor stands between a websocket and its platform: the fault comes when the platform first answers, for then it
// has heard.
type socketDoor struct {
	http.ResponseWriter
	w *wire
	n int
	f fault
}

// Hijack implements http.Hijacker.
func (d *socketDoor) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(d.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, fmt.Errorf("hijack: %w", err)
	}
	tapped := &tappedConn{Conn: conn, door: d}
	buffered.Writer.Reset(tapped)
	return tapped, buffered, nil
}

type tappedConn struct {
	net.Conn
	door *socketDoor
	once sync.Once
	lost bool
}

// Write implements net.Conn.
func (c *tappedConn) Write(p []byte) (int, error) {
	c.once.Do(func() {
		w := c.door.w
		if w.after != nil {
			w.after(c.door.n)
		}
		w.mu.Lock()
		c.lost = w.dead
		w.mu.Unlock()
		switch c.door.f.kind {
		case acceptedAndDropped, halfBody:
			c.lost = true
		case acceptedThen:
			_, _ = c.Conn.Write([]byte("\xff\xff no frame"))
			c.lost = true
		}
	})
	if c.lost {
		_ = c.Conn.Close()
		return 0, net.ErrClosed
	}
	n, err := c.Conn.Write(p)
	if err != nil {
		return n, fmt.Errorf("write: %w", err)
	}
	return n, nil
}
