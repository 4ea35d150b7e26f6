package app

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// listen opens the event stream and gives its lines as they come.
func (p *person) listen(ctx context.Context, query string) (<-chan string, *http.Response) {
	p.w.t.Helper()
	req, err := http.NewRequestWithContext(ctx, "GET", p.w.base+"/api/v1/events"+query, nil)
	if err != nil {
		p.w.t.Fatal(err)
	}
	res, err := p.client.Do(req)
	if err != nil {
		p.w.t.Fatal(err)
	}
	lines := make(chan string, 100)
	go func() {
		defer close(lines)
		defer res.Body.Close()
		for s := bufio.NewScanner(res.Body); s.Scan(); {
			if s.Text() != "" {
				lines <- s.Text()
			}
		}
	}()
	return lines, res
}

// next waits for a line that begins so.
func next(t testing.TB, lines <-chan string, prefix string) string {
	t.Helper()
	limit := time.NewTimer(10 * time.Second)
	defer limit.Stop()
	for {
		select {
		case line, ok := <-lines:
			if !ok {
				t.Fatalf("the stream ended before %q", prefix)
			}
			if strings.HasPrefix(line, prefix) {
				return strings.TrimPrefix(line, prefix)
			}
		case <-limit.C:
			t.Fatalf("no %q came", prefix)
		}
	}
}

func TestChangesStreamAsTheyHappen(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	lines, res := w.owner.listen(ctx, "?workspace="+w.ws)
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%d %s", res.StatusCode, res.Header.Get("Content-Type"))
	}
	next(t, lines, "retry:") // arrives while the stream is open, so nothing is buffered until its end
	post := w.owner.must(201, "POST", w.path("/posts"), map[string]any{"text": "live", "channels": []string{w.practice()}, "schedule": map[string]any{"now": true}})
	kinds := ""
	for !strings.Contains(kinds, "delivery.published") {
		var m struct {
			Kind, ID, Post string
			Workspace      string
		}
		if err := json.Unmarshal([]byte(next(t, lines, "data: ")), &m); err != nil {
			t.Fatal(err)
		}
		if m.Workspace != w.ws || m.Post != "" && m.Post != post.text("id") {
			t.Errorf("a change of elsewhere: %+v", m)
		}
		kinds += m.Kind + " "
	}
	if !strings.Contains(kinds, "post.created") {
		t.Errorf("only %s came", kinds)
	}
}

func TestStreamEndsWithTheSession(t *testing.T) {
	w := newWorld(t)
	viewer := w.join("vera@halden.example", "member", "viewer")
	lines, _ := viewer.listen(t.Context(), "?workspace="+w.ws)
	next(t, lines, "retry:")
	members := w.owner.must(200, "GET", "/organizations/"+w.org+"/members", nil)
	w.owner.must(204, "DELETE", "/organizations/"+w.org+"/members/"+members.text("items.1.id"), nil, "If-Match", `"1"`)
	w.owner.must(201, "POST", w.path("/posts"), map[string]any{"text": "not for Vera"})
	for line := range lines {
		if strings.HasPrefix(line, "data:") && strings.Contains(line, "post.created") {
			t.Errorf("a removed member was told %s", line)
		}
	}
}

func TestStreamsOfForeignWorkspacesAreRefused(t *testing.T) {
	w := newWorld(t)
	other := w.owner.must(201, "POST", "/organizations", map[string]any{"name": "Nordlys", "timezone": "Europe/Oslo"})
	viewer := w.join("vera@halden.example", "member", "viewer")
	if a := viewer.send("GET", "/events?workspace="+w.ws+"&workspace="+other.text("workspace"), nil); a.status != 404 {
		t.Errorf("%d %s", a.status, a.raw)
	}
}

func TestShutdownEndsStreamsFirst(t *testing.T) {
	w := newWorld(t)
	lines, res := w.owner.listen(context.Background(), "?workspace="+w.ws)
	next(t, lines, "retry:")
	began := w.app.Clock.Elapsed()
	w.stop()
	for range lines {
	}
	if _, err := res.Body.Read(make([]byte, 1)); err == nil || err == io.EOF && w.app.Clock.Elapsed()-began > shutdownTime {
		t.Errorf("the stream held the shutdown for %s", w.app.Clock.Elapsed()-began)
	}
}
