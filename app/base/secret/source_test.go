package secret

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func lineOf(fill byte) string {
	return newMaster([]byte(strings.Repeat(string(rune(fill)), 32)), "").line()
}

func idOf(fill byte) string { return newMaster([]byte(strings.Repeat(string(rune(fill)), 32)), "").ID }

func TestTheMasterKeyComesFromTheFirstPlaceThatIsSet(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	in := func(name string, fill byte) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(lineOf(fill)), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	credentials := filepath.Join(folder, "credentials")
	if err := os.Mkdir(credentials, 0o700); err != nil {
		t.Fatal(err)
	}
	in("credentials/master-key", 'c')
	file, beside := in("file", 'f'), in("beside", 'b')
	service := vault(t)
	transit := &Transit{URL: service.URL + "/transit/omniposto", Token: NewText("right"), Client: http.DefaultClient, File: filepath.Join(folder, "wrapped")}
	made, err := LoadMasters(t.Context(), Source{Transit: transit, Fresh: true})
	if err != nil {
		t.Fatal(err)
	}
	text := NewText(lineOf('t'))
	for name, c := range map[string]struct {
		from Source
		want string
		own  bool // the place can be written
	}{
		"everything":              {Source{credentials, file, transit, text, beside, false}, idOf('c'), false},
		"no credential there":     {Source{folder, file, transit, text, beside, false}, idOf('f'), true},
		"no credential":           {Source{"", file, transit, text, beside, false}, idOf('f'), true},
		"no file":                 {Source{"", "", transit, text, beside, false}, made.Keys[0].ID, true},
		"no key service":          {Source{"", "", nil, text, beside, false}, idOf('t'), false},
		"nothing but beside":      {Source{"", "", nil, Text{}, beside, false}, idOf('b'), true},
		"two lines, newest first": {Source{"", "", nil, NewText(lineOf('n') + lineOf('t')), beside, false}, idOf('n'), false},
	} {
		m, err := LoadMasters(t.Context(), c.from)
		if err != nil || m.Keys[0].ID != c.want || m.Fixed() == c.own {
			t.Errorf("%s: %+v %v", name, m.Keys, err)
			continue
		}
		if err := m.Renew(t.Context()); c.own != (err == nil) || !c.own && !errors.Is(err, ErrFixed) {
			t.Errorf("%s renewed: %v", name, err)
		} else if c.own {
			again, err := LoadMasters(t.Context(), c.from)
			if err != nil || len(again.Keys) < 2 || again.Keys[0].ID != m.Keys[0].ID || again.Keys[1].ID != c.want {
				t.Errorf("%s after renewing: %v %v", name, again.Keys, err)
			}
			m.Keys = m.Keys[1:] // back, for the next case
			if err := m.file.save(t.Context(), m.Keys); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestWhatIsNoMasterKeyStopsTheStart(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"nothing": "", "only space": " \n", "another form": "omniposto master key 9 AAAA", "too short": masterHead + "AAAA",
		"a canary in it": "canary-" + lineOf('x'), "one of two": lineOf('x') + "canary"} {
		if _, err := parseMasters([]byte(text), "a test"); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", name, err)
		}
	}
	absent := filepath.Join(t.TempDir(), "none")
	if _, err := LoadMasters(t.Context(), Source{File: absent}); !errors.Is(err, ErrMasterMissing) {
		t.Errorf("absent: %v", err)
	}
	if m, err := LoadMasters(t.Context(), Source{File: absent, Fresh: true}); err != nil || !m.Made {
		t.Errorf("absent at the first start: %v", err)
	}
	if info, err := os.Stat(absent); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("made: %v %v", info, err)
	}
}

// vault is a key service as the pages of HashiCorp Vault's Transit engine describe it; it takes the token "right".
func vault(t *testing.T) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in map[string]string
		_ = json.NewDecoder(r.Body).Decode(&in)
		out := map[string]string{}
		switch {
		case r.Header.Get("X-Vault-Token") != "right":
			http.Error(w, `{"errors":["permission denied canary"]}`, http.StatusForbidden)
			return
		case r.Method == "POST" && r.URL.Path == "/v1/transit/encrypt/omniposto":
			raw, err := base64.StdEncoding.DecodeString(in["plaintext"])
			if err != nil || len(raw) != 32 {
				http.Error(w, "{}", http.StatusBadRequest)
				return
			}
			for i := range raw {
				raw[i] ^= 0x5a
			}
			out["ciphertext"] = "vault:v1:" + base64.StdEncoding.EncodeToString(raw)
		case r.Method == "POST" && r.URL.Path == "/v1/transit/decrypt/omniposto":
			raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(in["ciphertext"], "vault:v1:"))
			if err != nil {
				http.Error(w, "{}", http.StatusBadRequest)
				return
			}
			for i := range raw {
				raw[i] ^= 0x5a
			}
			out["plaintext"] = base64.StdEncoding.EncodeToString(raw)
		default:
			http.NotFound(w, r)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"data": out, "lease_id": ""})
	}))
	t.Cleanup(s.Close)
	return s
}

func TestTheKeyServiceHoldsTheMasterKeyAndTheDiskDoesnt(t *testing.T) {
	t.Parallel()
	service := vault(t)
	at := func(address, token, file string) *Transit {
		return &Transit{URL: address, Token: NewText(token), Client: http.DefaultClient, File: file}
	}
	file := filepath.Join(t.TempDir(), "master.transit")
	right := at(service.URL+"/transit/omniposto", "right", file)
	m, err := LoadMasters(t.Context(), Source{Transit: right, Fresh: true})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(file)
	if err != nil || !strings.HasPrefix(string(raw), "omniposto master key 2 vault:v1:") || strings.Contains(string(raw), base64.StdEncoding.EncodeToString(m.Keys[0].key)) {
		t.Errorf("the file says %q %v", raw, err)
	}
	again, err := LoadMasters(t.Context(), Source{Transit: right})
	if err != nil || again.Keys[0].ID != m.Keys[0].ID {
		t.Errorf("%v %v", again.Keys, err)
	}
	for name, wrong := range map[string]*Transit{"a wrong token": at(service.URL+"/transit/omniposto", "canary", file), "another key": at(service.URL+"/transit/other", "right", file),
		"nobody there": at("http://127.0.0.1:1/transit/omniposto", "right", file)} {
		if _, err := LoadMasters(t.Context(), Source{Transit: wrong}); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := LoadMasters(t.Context(), Source{Transit: at(service.URL+"/transit/omniposto", "right", file+"x")}); !errors.Is(err, ErrMasterMissing) {
		t.Errorf("without the wrapped key: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := LoadMasters(ctx, Source{Transit: right}); err == nil {
		t.Error("it was asked after the end")
	}
}
