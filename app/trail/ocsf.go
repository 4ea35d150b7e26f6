package trail

import (
	"encoding/json"
	"io"
	"strings"

	"github.com/omniposto/omniposto/app/audit"
)

// OCSF is the Open Cybersecurity Schema Framework, version 1.3.0. Its words are its own: a person is a user there.
const ocsfVersion = "1.3.0"

// The classes that our events fall into.
const (
	accountChange  = 3001
	authentication = 3002
	apiActivity    = 6003
)

// otherActivity is an activity that the class has no number for.
const otherActivity = 99

type ocsf struct{ to *json.Encoder }

func newOCSF(w io.Writer) format {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return &ocsf{e}
}

type ocsfUser struct {
	UID    string `json:"uid,omitempty"`
	Type   string `json:"type,omitempty"`
	TypeID int    `json:"type_id"`
}

type ocsfEvent struct {
	Activity int   `json:"activity_id"`
	Category int   `json:"category_uid"`
	Class    int   `json:"class_uid"`
	Type     int   `json:"type_uid"`
	Severity int   `json:"severity_id"`
	Status   int   `json:"status_id"`
	Time     int64 `json:"time"` // milliseconds
	Metadata struct {
		Version  string            `json:"version"`
		UID      string            `json:"uid"`
		Log      string            `json:"log_name"`
		Sequence int64             `json:"sequence"`
		Product  map[string]string `json:"product"`
	} `json:"metadata"`
	Actor struct {
		User ocsfUser `json:"user"`
	} `json:"actor"`
	API struct {
		Operation string            `json:"operation"`
		Request   map[string]string `json:"request,omitempty"`
	} `json:"api"`
	Source    map[string]string   `json:"src_endpoint"`
	User      *ocsfUser           `json:"user,omitempty"` // whom the event is about
	IsMFA     bool                `json:"is_mfa,omitempty"`
	Resources []map[string]string `json:"resources,omitempty"`
	Unmapped  json.RawMessage     `json:"unmapped"` // the event as it is
}

func (o *ocsf) event(e audit.Entry) error {
	l := leafOf(e)
	out := ocsfEvent{Severity: 1, Status: 1, Time: e.ID.At().UnixMilli(), Unmapped: e.Bytes}
	if l.Result != string(audit.OK) {
		out.Severity, out.Status = 2, 2
	}
	out.Class, out.Activity = classify(l.Action)
	out.Category, out.Type = out.Class/1000, out.Class*100+out.Activity
	out.Metadata.Version, out.Metadata.UID, out.Metadata.Log, out.Metadata.Sequence = ocsfVersion, e.ID.String(), audit.LogName(e.Organization), e.Seq
	out.Metadata.Product = map[string]string{"name": "Omni Posto", "vendor_name": "Omni Posto"}
	out.Actor.User = ocsfUser{UID: l.Actor.ID, Type: l.Actor.Kind, TypeID: userType(l.Actor.Kind)}
	out.API.Operation = l.Action
	if l.From.Request != "" {
		out.API.Request = map[string]string{"uid": l.From.Request}
	}
	out.Source = map[string]string{"name": "unknown"}
	if prefix := e.Values["prefix"]; prefix != "" {
		out.Source["name"] = prefix
	}
	if out.Class != apiActivity {
		out.User = &ocsfUser{UID: l.On.ID, Type: l.On.Kind, TypeID: userType(l.On.Kind)}
		out.IsMFA = l.Actor.MFA.Method != ""
	}
	if l.On.ID != "" {
		out.Resources = []map[string]string{{"uid": l.On.ID, "type": l.On.Kind}}
	}
	return o.to.Encode(out)
}

func (o *ocsf) end() error { return nil }

func userType(kind string) int {
	switch kind {
	case "administrator":
		return 2
	case "system", "api_key":
		return 3
	case "member", "identity", "staff":
		return 1
	}
	return 0
}

// classify gives class and activity. Sign-ins are Authentication, what changes who may sign in or do what is Account
// Change, the rest API Activity by its verb.
func classify(action string) (class, activity int) {
	noun, verb, _ := strings.Cut(action, ".")
	switch noun {
	case "session":
		return authentication, number(map[string]int{"began": 1, "refused": 1, "ended": 2, "revoked": 2}, verb)
	case "identity", "member", "staff", "invitation", "password", "factor", "recovery", "passkey", "key":
		if noun == "password" {
			return accountChange, number(map[string]int{"changed": 3, "reset": 4}, verb)
		}
		if noun == "factor" || noun == "passkey" {
			return accountChange, number(map[string]int{"added": 10, "removed": 11}, verb)
		}
		return accountChange, number(map[string]int{"created": 1, "added": 1, "accepted": 1, "removed": 6, "deleted": 6}, verb)
	}
	return apiActivity, number(map[string]int{"created": 1, "added": 1, "claimed": 1, "connected": 1, "requested": 1, "read": 2, "exported": 2,
		"changed": 3, "retried": 3, "resolved": 3, "approved": 3, "restored": 3, "deleted": 4, "removed": 4, "disconnected": 4, "cancelled": 4, "withdrawn": 4}, verb)
}

func number(of map[string]int, verb string) int {
	if n, ok := of[verb]; ok {
		return n
	}
	return otherActivity
}
