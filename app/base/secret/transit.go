package secret

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"
)

// Transit is a key service in the form of HashiCorp Vault's Transit engine. It wraps and unwraps the master key and does
// nothing else: the wrapped key stands in File, and is opened once at the start, so that no transaction waits for it.
// Source: developer.hashicorp.com/vault/api-docs/secret/transit, "Encrypt Data" and "Decrypt Data", read 2026-08.
type Transit struct {
	URL    string // https://host:port/MOUNT/KEY, like https://vault.example.org:8200/transit/omniposto
	Token  Text
	Client *http.Client
	File   string
}

const (
	wrappedHead   = "omniposto master key 2 "
	transitAnswer = 64 << 10
)

func (t *Transit) file() keyFile {
	return keyFile{path: t.File,
		write: func(ctx context.Context, m Master) (string, error) {
			text, err := t.call(ctx, "encrypt", "plaintext", base64.StdEncoding.EncodeToString(m.key), "ciphertext")
			if err == nil && strings.ContainsAny(text, " \r\n") {
				err = errors.New("the key service answered with something that isn't one line")
			}
			return wrappedHead + text + "\n", err
		},
		read: func(ctx context.Context, raw []byte) (out []Master, err error) {
			for line := range strings.Lines(string(raw)) {
				text, ok := strings.CutPrefix(strings.TrimSpace(line), wrappedHead)
				if !ok {
					return nil, fmt.Errorf("wrapped master key %s isn't one: want a line that begins with %q", t.File, strings.TrimSpace(wrappedHead))
				}
				plain, err := t.call(ctx, "decrypt", "ciphertext", text, "plaintext")
				if err != nil {
					return nil, err
				}
				key, err := base64.StdEncoding.DecodeString(plain)
				if err != nil || len(key) != 32 {
					return nil, errors.New("the key service opened the master key to something that isn't one")
				}
				out = append(out, newMaster(key, "the key service"))
			}
			if len(out) == 0 {
				return nil, fmt.Errorf("wrapped master key %s is empty", t.File)
			}
			return out, nil
		}}
}

// call asks the service for one thing. Its words are left out of errors: they may quote what was sent.
func (t *Transit) call(ctx context.Context, act, name, value, want string) (string, error) {
	u, err := url.Parse(t.URL)
	if err != nil {
		return "", errors.New("keys.transit_url isn't one")
	}
	mount, key := path.Split(strings.Trim(u.Path, "/"))
	u.Path = path.Join("/v1", mount, act, key)
	raw, err := json.Marshal(map[string]string{name: value})
	if err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(raw))
	if err != nil {
		return "", errors.New("keys.transit_url isn't one")
	}
	req.Header.Set("Content-Type", "application/json")
	t.Token.Use(func(token string) { req.Header.Set("X-Vault-Token", token) })
	answer, err := t.Client.Do(req)
	if err != nil {
		return "", fmt.Errorf("reach the key service: %w", err)
	}
	defer answer.Body.Close() //nolint:errcheck // only read
	if answer.StatusCode != http.StatusOK {
		return "", fmt.Errorf("the key service refuses to %s: %s", act, answer.Status)
	}
	var body struct {
		Data map[string]any `json:"data"`
	}
	if err := json.NewDecoder(io.LimitReader(answer.Body, transitAnswer)).Decode(&body); err != nil {
		return "", errors.New("the key service answers in another form")
	}
	text, ok := body.Data[want].(string)
	if !ok || text == "" {
		return "", errors.New("the key service answers in another form")
	}
	return text, nil
}
