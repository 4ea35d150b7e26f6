package app

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestMetricsHaveAnAddressOfTheirOwn: what metrics.listen opens answers /metrics and nothing else, and then the main
// address doesn't any more.
func TestMetricsHaveAnAddressOfTheirOwn(t *testing.T) {
	const key = "canary-metrics-token-000"
	for name, c := range map[string]struct {
		token, sent string
		status      int
	}{
		"without a token":      {"", "", 200},
		"with the token":       {key, "Bearer " + key, 200},
		"with another token":   {key, "Bearer " + key + "x", 401},
		"with the bare token":  {key, key, 401},
		"with a token missing": {key, "", 401},
	} {
		t.Run(name, func(t *testing.T) {
			address := "127.0.0.1:" + freePort(t)
			w := openWorld(t, set("metrics.listen", address), set("metrics.token", c.token))
			ask := func(path string) (int, string) {
				req, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+address+path, nil)
				if err != nil {
					t.Fatal(err)
				}
				if c.sent != "" {
					req.Header.Set("Authorization", c.sent)
				}
				answer, err := http.DefaultClient.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				defer answer.Body.Close()
				body, _ := io.ReadAll(answer.Body)
				return answer.StatusCode, string(body)
			}
			status, body := ask("/metrics")
			if status != c.status || strings.Contains(body, "omniposto_store_bytes") != (c.status == 200) || strings.Contains(body, key) {
				t.Errorf("%d %.200s", status, body)
			}
			for _, path := range []string{"/", "/healthz", "/api/v1/setup", "/metrics/", "/debug/pprof/"} {
				if status, _ := ask(path); status != 404 {
					t.Errorf("%s answers %d there", path, status)
				}
			}
			headers := []string{}
			if c.sent != "" {
				headers = []string{"Authorization", c.sent}
			}
			w.person("x").must(404, "GET", "root:/metrics", nil, headers...)
			w.stop()
			if _, err := http.Get("http://" + address + "/metrics"); err == nil { //nolint:noctx // it is closed
				t.Error("it answers after the server stopped")
			}
		})
	}
}

func TestAnAddressForMetricsThatIsTakenStopsTheStart(t *testing.T) {
	w := openWorld(t)
	taken := strings.TrimPrefix(w.base, "http://localhost")
	a, err := start(t, t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	a.Config.Metrics.Listen, a.Config.Listen = "127.0.0.1"+taken, "127.0.0.1:0"
	if err := a.Serve(t.Context()); err == nil || !strings.Contains(err.Error(), "metrics.listen: listen on 127.0.0.1"+taken) {
		t.Errorf("it starts: %v", err)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
}
