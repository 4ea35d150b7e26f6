package app

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/common/expfmt"

	"github.com/omniposto/omniposto/app/api"
	"github.com/omniposto/omniposto/app/delivery"
)

// metrics is what Prometheus gets to know: counts and times, no names and no content.
type metrics struct {
	registry *prometheus.Registry
	states   *prometheus.CounterVec
	told     prometheus.Counter
	lateness prometheus.Histogram
	reports  prometheus.Counter
}

func newMetrics(a *App) *metrics {
	m := &metrics{registry: prometheus.NewRegistry(),
		states:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "omniposto_delivery_moves_total", Help: "Moves of deliveries into a state."}, []string{"state"}),
		told:    prometheus.NewCounter(prometheus.CounterOpts{Name: "omniposto_people_told_total", Help: "Moves of deliveries that a person was told of."}),
		reports: prometheus.NewCounter(prometheus.CounterOpts{Name: "omniposto_policy_reports_total", Help: "What the content policy stopped in browsers."}),
		lateness: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "omniposto_delivery_lateness_seconds", Help: "From the instant a delivery was to be looked at to its claim.",
			Buckets: []float64{.001, .003, .01, .03, .1, .3, 1, 3, 10, 30, 60, 300, 3600}})}
	gauge := func(name, help string, read func() float64) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, read))
	}
	gauge("omniposto_store_bytes", "Size of the store's file.", func() float64 { return float64(a.db.Stats().Bytes) })
	gauge("omniposto_store_free_bytes", "Space inside the file that will be used again.", func() float64 { return float64(a.db.Stats().FreeBytes) })
	gauge("omniposto_store_commits", "Transactions made durable.", func() float64 { return float64(a.db.Stats().Commits) })
	gauge("omniposto_store_calls", "Changes made in them.", func() float64 { return float64(a.db.Stats().Calls) })
	gauge("omniposto_store_waiting", "Changes that wait for the writer.", func() float64 { return float64(a.db.Stats().Waiting) })
	gauge("omniposto_store_read_only", "1 while the disk is full.", func() float64 {
		if a.db.ReadOnly() {
			return 1
		}
		return 0
	})
	m.registry.MustRegister(m.states, m.told, m.lateness, m.reports, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) moved(t delivery.Told) {
	m.states.WithLabelValues(t.State.String()).Inc()
	if t.Tell {
		m.told.Inc()
	}
}

func (m *metrics) lapsed(late time.Duration) { m.lateness.Observe(max(0, late.Seconds())) }

// write is the text form that Prometheus reads.
func (m *metrics) write() ([]byte, string) {
	families, err := m.registry.Gather()
	var out bytes.Buffer
	format := expfmt.NewFormat(expfmt.TypeTextPlain)
	e := expfmt.NewEncoder(&out, format)
	for _, f := range families {
		if encErr := e.Encode(f); encErr != nil {
			return []byte("# " + encErr.Error() + "\n"), string(format)
		}
	}
	if err != nil {
		out.WriteString("# " + err.Error() + "\n")
	}
	return out.Bytes(), string(format)
}

// listenMetrics opens the address that is for Prometheus alone; nil when none is configured.
func (a *App) listenMetrics() (net.Listener, error) {
	if a.Config.Metrics.Listen == "" {
		return nil, nil
	}
	l, err := api.Listen(a.Config.Metrics.Listen)
	if err != nil {
		return nil, fmt.Errorf("metrics.listen: %w", err)
	}
	return l, nil
}

// serveMetrics answers /metrics on the listener, and nothing else, until ctx ends.
func (a *App) serveMetrics(ctx context.Context, l net.Listener) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		if key := reveal(a.Config.Metrics.Token); key != "" && !sameSecret(r.Header.Get("Authorization"), "Bearer "+key) {
			w.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(w, "metrics.token is needed", http.StatusUnauthorized)
			return
		}
		body, mime := a.parts.metrics.write()
		w.Header().Set("Content-Type", mime)
		_, _ = w.Write(body)
	})
	s := &http.Server{Handler: mux, ReadTimeout: metricsTime, WriteTimeout: metricsTime, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10}
	defer context.AfterFunc(ctx, func() { _ = s.Close() })()
	a.log.Info("serving metrics", "address", l.Addr().String())
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		a.log.Error("the listener for metrics ended", "error", err.Error())
	}
}

const metricsTime = 10 * time.Second

// sameSecret compares in constant time.
func sameSecret(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
