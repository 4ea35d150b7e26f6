package connector

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/base/outbound"
)

// agent is what we call ourselves.
const agent = "OmniPosto (+https://github.com/omniposto/omniposto)"

// Send does one request: it adds token, agent and deadline, guards the host, asks for the last look before a commit's
// first byte, bounds the answer, sorts it by the failure table, masks secrets and tells the trace. It never repeats, so
// a body is read once. The error is a *Failed.
func (c *Call) Send(ctx context.Context, r Request) (http.Header, error) {
	if err := c.begin(ctx); err != nil {
		return nil, err
	}
	started, began := c.clock.Now(), c.clock.Elapsed()
	req, size, err := c.request(ctx, r)
	if err != nil {
		return nil, c.keep(err)
	}
	a, err := c.exchange(req, r, size)
	if err == nil {
		err = c.judge(a, r)
	}
	c.tell(req, a, err, started, began)
	if err != nil {
		var h http.Header
		if a != nil {
			h = a.header
		}
		return h, c.keep(err)
	}
	c.failed = nil
	return a.header, nil
}

// keep remembers how the request failed; for a commit that decides what it means.
func (c *Call) keep(err error) error {
	var f *Failed
	if errors.As(err, &f) {
		f.Step = c.step
		f.Words = c.redact.words(f.Words)
		c.failed = f
	}
	return err
}

// request builds what goes over the wire. size is what its body carries, 0 when it is small.
func (c *Call) request(ctx context.Context, r Request) (*http.Request, int64, error) {
	at, err := c.address(r)
	if err != nil {
		return nil, 0, err
	}
	auth := c.spec.authOf(c.Channel.Way)
	if r.NoAuth {
		auth = Auth{}
	}
	token := c.Token.Access
	if auth.From != "" {
		token = c.Token.Extra[auth.From]
	}
	if auth.Place == InQuery {
		q := at.Query()
		q.Set(auth.Name, plain(token))
		at.RawQuery = q.Encode()
	}
	if strings.Contains(at.Path, "{token}") {
		at.Path = strings.ReplaceAll(at.Path, "{token}", plain(token))
		at.RawPath = ""
	}
	if auth.Place == InForm {
		form := url.Values{}
		for k, v := range r.Form {
			form[k] = v
		}
		form.Set(auth.Name, plain(token))
		r.Form = form
	}
	body, err := bodyOf(r)
	if err != nil {
		return nil, 0, err
	}
	method := r.Method
	if method == "" {
		method = http.MethodGet
	}
	origin := at.Host
	if err := c.move(at); err != nil {
		return nil, 0, err
	}
	if at.Scheme == "http" && c.baseURL == "" {
		ctx = outbound.OnlyAllowed(ctx) // in the clear only inside what the administrator allowed
	}
	req, err := http.NewRequestWithContext(ctx, method, at.String(), body.reader)
	if err != nil {
		return nil, 0, fmt.Errorf("%s: the request can't be built", c.step)
	}
	req.GetBody = nil
	req.ContentLength = body.size
	if body.reader == nil {
		req.Body = http.NoBody
	}
	c.headers(req, r, body.kind, auth, origin)
	if auth.Place == Signed && auth.Sign != nil {
		if err := auth.Sign(c, req, body.raw); err != nil {
			return nil, 0, err
		}
	}
	return req, max(body.size, r.Size), nil
}

func (c *Call) headers(req *http.Request, r Request, kind string, auth Auth, origin string) {
	req.Header.Set("User-Agent", agent)
	if r.Into != nil {
		req.Header.Set("Accept", "application/json")
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	if c.baseURL != "" {
		req.Header.Set("Original-Host", origin)
	}
	token := plain(c.Token.Access)
	if auth.From != "" {
		token = plain(c.Token.Extra[auth.From])
	}
	switch auth.Place {
	case InBearer:
		req.Header.Set("Authorization", "Bearer "+token)
	case InHeader:
		req.Header.Set(auth.Name, token)
	case InBasic:
		req.SetBasicAuth(c.Channel.Fields[auth.Name], token)
		c.Hide(strings.TrimPrefix(req.Header.Get("Authorization"), "Basic "))
	}
	for k, v := range r.Header {
		req.Header.Set(k, v)
	}
}

// move leads the address to platforms.<name>.api_url, where that is set.
func (c *Call) move(at *url.URL) error {
	if c.baseURL == "" {
		return nil
	}
	base, err := url.Parse(c.baseURL)
	if err != nil || base.Host == "" {
		return fmt.Errorf("%s: platforms.%s.api_url is no address", c.step, c.spec.ID)
	}
	at.Scheme, at.Host = base.Scheme, base.Host
	if prefix := strings.TrimSuffix(base.Path, "/"); prefix != "" {
		at.Path = prefix + at.Path
		if at.RawPath != "" {
			at.RawPath = prefix + at.RawPath
		}
	}
	return nil
}

type requestBody struct {
	reader io.Reader
	raw    []byte
	size   int64
	kind   string
}

func bodyOf(r Request) (requestBody, error) {
	switch {
	case r.JSON != nil:
		var buf bytes.Buffer
		enc := json.NewEncoder(&buf)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(r.JSON); err != nil {
			return requestBody{}, fmt.Errorf("write request: %w", err)
		}
		raw := bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
		return requestBody{bytes.NewReader(raw), raw, int64(len(raw)), "application/json"}, nil
	case r.Form != nil:
		raw := []byte(r.Form.Encode())
		return requestBody{bytes.NewReader(raw), raw, int64(len(raw)), "application/x-www-form-urlencoded"}, nil
	case r.Parts != nil:
		return multipartBody(r.Parts)
	case r.Body != nil:
		return requestBody{struct{ io.Reader }{r.Body}, nil, r.Size, r.Type}, nil
	}
	return requestBody{}, nil
}

// multipartBody writes the parts one after the other as they are read: no file is ever whole in memory.
func multipartBody(parts []Part) (requestBody, error) {
	var heads bytes.Buffer
	w := multipart.NewWriter(&heads)
	var readers []io.Reader
	var size int64
	flush := func() {
		head := bytes.Clone(heads.Bytes())
		heads.Reset()
		readers = append(readers, bytes.NewReader(head))
		size += int64(len(head))
	}
	for _, p := range parts {
		if p.File == nil {
			if err := w.WriteField(p.Name, p.Value); err != nil {
				return requestBody{}, fmt.Errorf("write part %s: %w", p.Name, err)
			}
			continue
		}
		if _, err := w.CreatePart(partHeader(p)); err != nil {
			return requestBody{}, fmt.Errorf("write part %s: %w", p.Name, err)
		}
		flush()
		readers = append(readers, p.File)
		size += p.Size
	}
	if err := w.Close(); err != nil {
		return requestBody{}, fmt.Errorf("write parts: %w", err)
	}
	flush()
	return requestBody{io.MultiReader(readers...), nil, size, w.FormDataContentType()}, nil
}

var quotes = strings.NewReplacer("\\", "\\\\", `"`, `\"`, "\r", "", "\n", "")

func partHeader(p Part) textproto.MIMEHeader {
	h := textproto.MIMEHeader{}
	disposition := `form-data; name="` + quotes.Replace(p.Name) + `"`
	if p.FileName != "" {
		disposition += `; filename="` + quotes.Replace(p.FileName) + `"`
	}
	h.Set("Content-Disposition", disposition)
	h.Set("Content-Type", p.Type)
	return h
}

// exchange sends and reads. On the commit everything after the first byte that isn't a whole answer is doubt.
func (c *Call) exchange(req *http.Request, r Request, size int64) (*answer, error) {
	limits := outbound.Limits{Total: max(c.limit, stepTime(size)), Body: r.Most}
	if c.lastLook != nil {
		limits.Total = c.limit
	}
	shot := &outbound.Shot{Limits: limits, Look: c.lastLook}
	var resp *http.Response
	var err error
	if c.lastLook != nil {
		resp, err = c.network.Do(req, shot)
		c.sent = shot.Sent()
	} else {
		resp, err = c.network.Client(limits).Do(req)
	}
	if err != nil {
		return nil, c.broke(err, c.lastLook == nil || shot.Sent())
	}
	defer func() { _ = resp.Body.Close() }()
	if at, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		c.date = at.UTC()
	}
	body, err := io.ReadAll(resp.Body)
	a := &answer{step: c.step, status: resp.StatusCode, header: resp.Header, body: body}
	if err != nil {
		f := c.broke(err, true)
		f.Status = resp.StatusCode
		if errors.Is(err, outbound.ErrTooLarge) {
			f.Words = "The platform's answer was larger than it may be."
		}
		return a, f
	}
	a.json = decoded(body)
	return a, nil
}

// judge sorts a whole answer.
func (c *Call) judge(a *answer, r Request) error {
	commit := c.lastLook != nil
	if slices.Contains(r.Accept, a.status) {
		return nil
	}
	f := c.spec.Failures.sort(a, c.clock.Now())
	switch {
	case commit && a.status >= 500, commit && f != nil && a.status >= 300 && a.status < 400 && f.Class == Transient:
		if f == nil {
			f = unlisted(a, c.clock.Now())
		}
		f.Class = Uncertain
	case commit && f != nil && a.status == http.StatusRequestTimeout && f.Class == Transient:
		f.Class = Uncertain
	}
	if f != nil {
		return f
	}
	if err := into(r.Into, a); err != nil {
		class := Transient
		if commit {
			class = Uncertain
		}
		return &Failed{Class: class, Words: "The platform's answer can't be read.", Step: c.step, Status: a.status, cause: err}
	}
	return nil
}

var errUnreadable = errors.New("unreadable answer")

func into(target any, a *answer) error {
	switch t := target.(type) {
	case nil:
		return nil
	case *[]byte:
		*t = a.body
		return nil
	case *string:
		*t = string(a.body)
		return nil
	}
	if tooDeep(a.body) {
		return fmt.Errorf("%w: nested too deep", errUnreadable)
	}
	if err := json.Unmarshal(a.body, target); err != nil {
		return fmt.Errorf("%w: no JSON of the expected shape", errUnreadable)
	}
	return nil
}

// tell traces the exchange.
func (c *Call) tell(req *http.Request, a *answer, err error, started time.Time, began time.Duration) {
	t := Trace{
		Step: c.step, Method: req.Method, Host: c.redact.clean(req.URL.Host), Path: c.redact.words(req.URL.EscapedPath()),
		StartedAt: started, Took: c.clock.Elapsed() - began, Date: c.date,
	}
	if origin := req.Header.Get("Original-Host"); origin != "" {
		t.Host = c.redact.clean(origin)
	}
	if a != nil {
		t.Status = a.status
		t.Left = c.spec.leftIn(a.header)
	}
	var f *Failed
	if errors.As(err, &f) {
		t.Class, t.Words = f.Class, c.redact.words(f.Words)
	}
	c.trace(t)
}

// leftIn are the limit headers of an answer that the Spec names.
func (s *Spec) leftIn(h http.Header) map[string]string {
	var out map[string]string
	for _, l := range s.Limits {
		for _, name := range []string{l.Left, l.Reset} {
			if v := h.Get(name); name != "" && v != "" {
				if out == nil {
					out = map[string]string{}
				}
				out[name] = v
			}
		}
	}
	return out
}
