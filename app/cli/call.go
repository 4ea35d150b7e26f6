package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// document is what call needs of the OpenAPI document.
type document struct {
	Paths map[string]map[string]struct {
		ID         string      `json:"operationId"`
		Summary    string      `json:"summary"`
		Parameters []parameter `json:"parameters"`
		Body       *struct {
			Content map[string]struct {
				Schema json.RawMessage `json:"schema"`
			} `json:"content"`
		} `json:"requestBody"`
	} `json:"paths"`
}

type parameter struct {
	Name string `json:"name"`
	In   string `json:"in"`
}

type request struct {
	method, path string
	parameters   []parameter
	body         bool
}

func (p Program) call() *cobra.Command {
	var server string
	c := &cobra.Command{Use: "call OPERATION [--field value …]", Short: "Call an operation of a server",
		Long: "Calls any operation of the API, like: omniposto call posts.list --workspace wsp_… --status failed\n" +
			"Values that are JSON are sent as JSON; --body takes a whole JSON body; @file reads a value from a file.\n" +
			"OMNIPOSTO_KEY holds the API key, or OMNIPOSTO_SESSION a session's token.",
		DisableFlagParsing: true, RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 || slices.Contains([]string{"-h", "--help", "help"}, args[0]) {
				return p.listOperations(cmd.Context())
			}
			fields, err := pairs(args[1:])
			if err != nil {
				return &UsageError{err}
			}
			if server = fields["server"]; server == "" {
				server = "http://localhost:8080"
			}
			delete(fields, "server")
			return p.send(cmd.Context(), server, args[0], fields)
		}}
	return c
}

// pairs reads --name value and --name=value.
func pairs(args []string) (map[string]string, error) {
	out := map[string]string{}
	for i := 0; i < len(args); i++ {
		name, ok := strings.CutPrefix(args[i], "--")
		if !ok {
			return nil, fmt.Errorf("%q isn't a field; write --name value", args[i])
		}
		if n, v, eq := strings.Cut(name, "="); eq {
			out[n] = v
			continue
		}
		if i+1 == len(args) {
			return nil, fmt.Errorf("--%s has no value", name)
		}
		i++
		out[name] = args[i]
	}
	return out, nil
}

func (p Program) operations(ctx context.Context) (map[string]request, map[string]string, error) {
	raw, err := p.Document(ctx)
	if err != nil {
		return nil, nil, err
	}
	var d document
	if err := json.Unmarshal(raw, &d); err != nil {
		return nil, nil, fmt.Errorf("read the OpenAPI document: %w", err)
	}
	all, says := map[string]request{}, map[string]string{}
	for path, item := range d.Paths {
		for method, o := range item {
			all[o.ID] = request{method: strings.ToUpper(method), path: path, parameters: o.Parameters, body: o.Body != nil}
			says[o.ID] = o.Summary
		}
	}
	return all, says, nil
}

func (p Program) listOperations(ctx context.Context) error {
	_, says, err := p.operations(ctx)
	if err != nil {
		return err
	}
	ids := make([]string, 0, len(says))
	for id := range says {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	fmt.Fprintln(p.Out, "Usage: omniposto call OPERATION [--field value …] [--server URL]")
	for _, id := range ids {
		fmt.Fprintf(p.Out, "  %-28s %s\n", id, says[id])
	}
	return nil
}

func (p Program) send(ctx context.Context, server, id string, fields map[string]string) error {
	all, _, err := p.operations(ctx)
	if err != nil {
		return err
	}
	r, ok := all[id]
	if !ok {
		ids := make([]string, 0, len(all))
		for known := range all {
			ids = append(ids, known)
		}
		return &UsageError{fmt.Errorf("there is no operation %s; the nearest is %s", id, p.Nearest(id, ids))}
	}
	req, err := r.build(ctx, server, fields, p.Version)
	if err != nil {
		return &UsageError{err}
	}
	key, token := p.environment("OMNIPOSTO_KEY"), p.environment("OMNIPOSTO_SESSION")
	if key != "" && token != "" {
		return &UsageError{errors.New("set either OMNIPOSTO_KEY or OMNIPOSTO_SESSION, not both")}
	}
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(key))
	}
	if token != "" {
		name := "omniposto_session"
		if strings.HasPrefix(server, "https:") {
			name = "__Host-omniposto_session"
		}
		req.AddCookie(&http.Cookie{Name: name, Value: token})
	}
	client := http.Client{Timeout: 2 * time.Minute}
	answer, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("call %s: %w", id, err)
	}
	defer answer.Body.Close() //nolint:errcheck // only read
	if _, err := io.Copy(p.Out, answer.Body); err != nil {
		return fmt.Errorf("read the answer of %s: %w", id, err)
	}
	if answer.StatusCode >= 400 {
		return fmt.Errorf("%s answered %s", id, answer.Status)
	}
	return nil
}

func (r request) build(ctx context.Context, server string, fields map[string]string, version string) (*http.Request, error) {
	path, query, header := r.path, url.Values{}, http.Header{"User-Agent": {"omniposto/" + version}}
	for _, param := range r.parameters {
		v, given := fields[param.Name]
		if !given {
			v, given = fields[strings.ToLower(param.Name)]
		}
		delete(fields, param.Name)
		delete(fields, strings.ToLower(param.Name))
		switch {
		case param.In == "path" && !given:
			return nil, fmt.Errorf("--%s is needed", param.Name)
		case param.In == "path":
			path = strings.ReplaceAll(path, "{"+param.Name+"}", url.PathEscape(v))
		case given && param.In == "query":
			query.Set(param.Name, v)
		case given && strings.EqualFold(param.Name, "If-Match"):
			header.Set(param.Name, `"`+strings.Trim(v, `"`)+`"`)
		case given:
			header.Set(param.Name, v)
		}
	}
	var body io.Reader
	if r.body {
		raw, err := bodyOf(fields)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(raw)
		header.Set("Content-Type", "application/json")
	} else if len(fields) > 0 {
		return nil, fmt.Errorf("this operation takes no such fields: %s", strings.Join(names(fields), ", "))
	}
	address := strings.TrimSuffix(server, "/") + path
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.method, address, body)
	if err != nil {
		return nil, err
	}
	req.Header = header
	return req, nil
}

// bodyOf makes the JSON body: --body whole, or a member for each field, JSON where it is JSON and text where not.
func bodyOf(fields map[string]string) ([]byte, error) {
	if whole, ok := fields["body"]; ok {
		if !json.Valid([]byte(whole)) {
			return nil, errors.New("--body isn't JSON")
		}
		return []byte(whole), nil
	}
	members := map[string]json.RawMessage{}
	for name, v := range fields {
		if json.Valid([]byte(v)) {
			members[name] = json.RawMessage(v)
			continue
		}
		raw, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		members[name] = raw
	}
	return json.Marshal(members)
}

func names(fields map[string]string) []string {
	out := make([]string, 0, len(fields))
	for n := range fields {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}

func (p Program) environment(name string) string {
	for _, line := range p.Environ {
		if v, ok := strings.CutPrefix(line, name+"="); ok {
			return v
		}
	}
	return ""
}

func (p Program) setup() *cobra.Command {
	var server, code, name, email, organization, workspace, zone string
	c := &cobra.Command{Use: "setup", Short: "Claim a new server without a browser",
		Long: "Claims a running server that has no owner yet. The password is read from OMNIPOSTO_PASSWORD.",
		Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
			password := p.environment("OMNIPOSTO_PASSWORD")
			if password == "" {
				return &UsageError{errors.New("put the password into the environment variable OMNIPOSTO_PASSWORD")}
			}
			fields := map[string]string{"code": code, "name": name, "email": email, "password": password, "organization": organization, "timezone": zone}
			if workspace != "" {
				fields["workspace"] = workspace
			}
			raw, err := json.Marshal(fields)
			if err != nil {
				return err
			}
			return p.send(cmd.Context(), server, "setup.claim", map[string]string{"body": string(raw)})
		}}
	f := c.Flags()
	f.StringVar(&server, "server", "http://localhost:8080", "address of the server")
	f.StringVar(&code, "code", "", "the one-time code that the server printed")
	f.StringVar(&name, "name", "", "your name")
	f.StringVar(&email, "email", "", "your e-mail address")
	f.StringVar(&organization, "organization", "", "name of the organization")
	f.StringVar(&workspace, "workspace", "", "name of the first workspace; the organization's when absent")
	f.StringVar(&zone, "timezone", "UTC", "IANA time zone, like Europe/Berlin")
	for _, needed := range []string{"code", "name", "email", "organization"} {
		_ = c.MarkFlagRequired(needed)
	}
	return c
}
