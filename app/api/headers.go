package api

import (
	"bytes"
	"net"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"github.com/omniposto/omniposto/app/base/fail"
	"github.com/omniposto/omniposto/app/op"
)

const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; " +
	"connect-src 'self'; worker-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; " +
	"require-trusted-types-for 'script'; trusted-types svelte-trusted-html op; report-to csp"

// headers sets what every answer carries, Fiber's own refusals included.
func (s *Server) headers(c *fiber.Ctx, asked op.Asked) {
	for _, h := range [...][2]string{
		{"Content-Security-Policy", contentPolicy},
		{"Reporting-Endpoints", `csp="/api/v1/reports"`},
		{"X-Content-Type-Options", "nosniff"},
		{"Referrer-Policy", "no-referrer"},
		{"Cross-Origin-Opener-Policy", "same-origin"},
		{"Cross-Origin-Resource-Policy", "same-origin"},
		{"Permissions-Policy", "accelerometer=(), camera=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), payment=(), usb=()"},
		{"X-Frame-Options", "DENY"},
		{"Cache-Control", "no-store"},
		{"Request-Id", asked.Request.String()},
		{"Build-Id", s.Build},
	} {
		c.Set(h[0], h[1])
	}
	if s.secure() {
		c.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
	}
	if s.State != nil {
		if word := s.State(); word != "" {
			c.Set("Instance-State", word)
		}
	}
}

func (s *Server) secure() bool { return s.PublicURL != nil && s.PublicURL.Scheme == "https" }

var errHost = fail.Malformed("host_unknown", "This server doesn't answer to this name. Set public_url to the address that people use.")

// checkHost refuses requests for another name, so that a page elsewhere can't make a browser talk to us under its own.
func (s *Server) checkHost(c *fiber.Ctx) error {
	if p := c.Path(); p == "/healthz" || p == "/readyz" {
		return nil
	}
	host := strings.ToLower(string(c.Request().Header.Host()))
	if s.PublicURL != nil {
		if host != strings.ToLower(s.PublicURL.Host) {
			return errHost
		}
		return nil
	}
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	switch strings.Trim(name, "[]") {
	case "localhost", "127.0.0.1", "::1":
		return nil
	}
	return errHost
}

const compressFrom = 1400 // bytes; smaller answers fit one packet anyway

// finish compresses larger JSON answers and marks dry runs.
func (s *Server) finish(c *fiber.Ctx) {
	if c.Response().IsBodyStream() || !bytes.HasPrefix(c.Response().Header.ContentType(), []byte("application/json")) {
		return
	}
	if c.Locals(dryLocal) != nil && c.Response().StatusCode() < 300 {
		c.Set("Dry-Run", "true")
		if body := c.Response().Body(); bytes.HasPrefix(body, []byte("{")) {
			rest := body[1:]
			head := []byte(`{"dry_run":true,`)
			if bytes.HasPrefix(bytes.TrimSpace(rest), []byte("}")) {
				head = []byte(`{"dry_run":true`)
			}
			c.Response().SetBody(append(head, rest...))
		}
	}
	if body := c.Response().Body(); len(body) >= compressFrom && strings.Contains(c.Get("Accept-Encoding"), "gzip") {
		c.Set("Content-Encoding", "gzip")
		c.Vary("Accept-Encoding")
		c.Response().SetBodyRaw(fasthttp.AppendGzipBytesLevel(nil, body, 5))
	}
}
