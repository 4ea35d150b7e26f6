package blueskyfake

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"time"

	"github.com/rivo/uniseg"

	"github.com/omniposto/omniposto/app/connector/fake"
)

func (p *Platform) uploadBlob(w http.ResponseWriter, r *http.Request) {
	size, sum, err := fake.Measure(r.Body)
	if err != nil || size > maxBlob {
		refuse(w, http.StatusRequestEntityTooLarge, "PayloadTooLarge", "request entity too large")
		return
	}
	p.Mu.Lock()
	defer p.Mu.Unlock()
	f := p.Keep(fake.File{ID: "bafkrei" + sum, MIME: r.Header.Get("Content-Type"), Size: size, Sum: sum})
	fake.Answer(w, http.StatusOK, map[string]any{"blob": blob(f)})
}

func blob(f *fake.File) map[string]any {
	return map[string]any{"$type": "blob", "ref": map[string]string{"$link": f.ID}, "mimeType": f.MIME, "size": f.Size}
}

type write struct {
	Collection string          `json:"collection"`
	RKey       string          `json:"rkey"`
	Value      json.RawMessage `json:"value"`
	Record     json.RawMessage `json:"record"`
	Repo       string          `json:"repo"`
}

type post struct {
	Type      string    `json:"$type"`
	Text      string    `json:"text"`
	CreatedAt time.Time `json:"createdAt"`
	Embed     *embed    `json:"embed"`
	Reply     *struct {
		Root   ref `json:"root"`
		Parent ref `json:"parent"`
	} `json:"reply"`
	Facets []struct {
		Index struct{ ByteStart, ByteEnd int } `json:"index"`
	} `json:"facets"`
	Langs []string `json:"langs"`
	Tags  []string `json:"tags"`
}

type ref struct {
	URI string `json:"uri"`
	CID string `json:"cid"`
}

type blobRef struct {
	Ref struct {
		Link string `json:"$link"`
	} `json:"ref"`
	Size int64 `json:"size"`
}

type embed struct {
	Type   string `json:"$type"`
	Images []struct {
		Image blobRef `json:"image"`
		Alt   *string `json:"alt"`
	} `json:"images"`
	Video *blobRef `json:"video"`
	Alt   string   `json:"alt"`
	Media *embed   `json:"media"`
}

var tid = regexp.MustCompile(`^[234567abcdefghij][234567a-z]{12}$`)

// judge says why a record isn't taken; callers hold Mu.
func (p *Platform) judge(w write) (fake.Post, string, string) {
	var in post
	if err := json.Unmarshal(w.Value, &in); err != nil || in.Type != w.Collection {
		return fake.Post{}, "InvalidRequest", "Invalid $type: expected " + w.Collection
	}
	if !tid.MatchString(w.RKey) {
		return fake.Post{}, "InvalidRequest", "Invalid record key for " + posts + `: Invalid TID string (got "` + w.RKey + `") at $`
	}
	if w.Collection != posts {
		return fake.Post{}, "", ""
	}
	if n := uniseg.GraphemeClusterCount(in.Text); n > 300 {
		return fake.Post{}, "InvalidRequest", fmt.Sprintf("Invalid %s record: grapheme too big (maximum 300, got %d) at $.record.text", posts, n)
	}
	if n := len(in.Text); n > 3000 {
		return fake.Post{}, "InvalidRequest", fmt.Sprintf("Invalid %s record: string too big (maximum 3000, got %d) at $.record.text", posts, n)
	}
	for _, f := range in.Facets {
		if f.Index.ByteStart < 0 || f.Index.ByteEnd > len(in.Text) || f.Index.ByteStart >= f.Index.ByteEnd {
			return fake.Post{}, "InvalidRequest", "Invalid facet index"
		}
	}
	if in.CreatedAt.IsZero() || len(in.Langs) > 3 || len(in.Tags) > 8 {
		return fake.Post{}, "InvalidRequest", "Invalid " + posts + " record"
	}
	out := fake.Post{ID: uri(posts, w.RKey), Key: w.RKey, Text: in.Text, At: in.CreatedAt, More: map[string]string{"record": string(w.Value)}}
	if in.Reply != nil {
		parent, ok := p.Find(in.Reply.Parent.URI)
		if !ok || cid([]byte(parent.More["record"])) != in.Reply.Parent.CID && parent.More["record"] != "" {
			return out, "InvalidRequest", "Invalid reply: parent not found"
		}
		out.Parent = in.Reply.Parent.URI
	}
	name, message := p.attach(in.Embed, &out)
	return out, name, message
}

func (p *Platform) attach(e *embed, out *fake.Post) (name, message string) {
	if e == nil {
		return "", ""
	}
	if e.Media != nil {
		return p.attach(e.Media, out)
	}
	if len(e.Images) > 4 {
		return "InvalidRequest", "Invalid " + posts + " record: array too big (maximum 4) at $.record.embed.images"
	}
	add := func(b blobRef, alt string, most int64) bool {
		f, ok := p.File(b.Ref.Link)
		if !ok {
			name, message = "BlobNotFound", "Could not find blob: "+b.Ref.Link
			return false
		}
		if f.Size != b.Size || f.Size > most {
			name, message = "InvalidSize", "File is too large"
			return false
		}
		one := *f
		one.Alt = alt
		out.Files = append(out.Files, one)
		return true
	}
	for _, i := range e.Images {
		if i.Alt == nil {
			return "InvalidRequest", "Missing required key \"alt\""
		}
		if !add(i.Image, *i.Alt, 2_000_000) {
			return name, message
		}
	}
	if e.Video != nil && !add(*e.Video, e.Alt, 300_000_000) {
		return name, message
	}
	return "", ""
}

func (p *Platform) putRecord(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(io.LimitReader(r.Body, 2<<20))
	var in write
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &in) != nil || json.Unmarshal(raw, &members) != nil || in.Repo != did {
		refuse(w, http.StatusBadRequest, "InvalidRequest", "Input must have the property \"repo\"")
		return
	}
	in.Value = compact(in.Record)
	p.Mu.Lock()
	defer p.Mu.Unlock()
	at := in.Collection + "/" + in.RKey
	if old, ok := p.records[at]; ok {
		if string(old) == string(in.Value) {
			fake.Answer(w, http.StatusOK, map[string]string{"uri": uri(in.Collection, in.RKey), "cid": cid(old)})
			return
		}
		if swap, given := members["swapRecord"]; given && string(swap) == "null" {
			refuse(w, http.StatusBadRequest, "InvalidSwap", "Record was at "+cid(old))
			return
		}
	}
	shown, name, message := p.judge(in)
	if name != "" {
		refuse(w, http.StatusBadRequest, name, message)
		return
	}
	p.records[at] = in.Value
	p.Show(shown)
	fake.Answer(w, http.StatusOK, map[string]any{"uri": uri(in.Collection, in.RKey), "cid": cid(in.Value), "commit": map[string]string{"rev": in.RKey}, "validationStatus": "valid"})
}

// compact writes JSON in one order, so that equal records are equal bytes.
func compact(raw json.RawMessage) json.RawMessage {
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return raw
	}
	out, _ := json.Marshal(v)
	return out
}

func (p *Platform) applyWrites(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Repo   string  `json:"repo"`
		Writes []write `json:"writes"`
	}
	if !fake.Read(r, &in) || in.Repo != did || len(in.Writes) > 200 {
		refuse(w, http.StatusBadRequest, "InvalidRequest", "Too many writes. Max: 200")
		return
	}
	p.Mu.Lock()
	defer p.Mu.Unlock()
	var show []fake.Post
	results := []map[string]string{}
	for i := range in.Writes {
		one := &in.Writes[i]
		one.Value = compact(one.Value)
		if _, ok := p.records[one.Collection+"/"+one.RKey]; ok {
			refuse(w, http.StatusInternalServerError, "InternalServerError", "Internal Server Error")
			return
		}
		shown, name, message := p.judge(*one)
		if name != "" {
			refuse(w, http.StatusBadRequest, name, message)
			return
		}
		if one.Collection == posts {
			show = append(show, shown)
		}
		results = append(results, map[string]string{"$type": "com.atproto.repo.applyWrites#createResult", "uri": uri(one.Collection, one.RKey), "cid": cid(one.Value)})
	}
	for _, one := range in.Writes {
		p.records[one.Collection+"/"+one.RKey] = one.Value
	}
	for _, s := range show {
		p.Show(s)
	}
	fake.Answer(w, http.StatusOK, map[string]any{"commit": map[string]string{}, "results": results})
}

// Record gives a record, for tests that look at gates.
func (p *Platform) Record(collection, rkey string) string {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	return string(p.records[collection+"/"+rkey])
}

func (p *Platform) getRecord(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	p.Mu.Lock()
	defer p.Mu.Unlock()
	raw, ok := p.records[q.Get("collection")+"/"+q.Get("rkey")]
	if !ok || q.Get("repo") != did {
		refuse(w, http.StatusBadRequest, "RecordNotFound", "Could not locate record: "+uri(q.Get("collection"), q.Get("rkey")))
		return
	}
	fake.Answer(w, http.StatusOK, map[string]any{"uri": uri(q.Get("collection"), q.Get("rkey")), "cid": cid(raw), "value": raw})
}

func (p *Platform) deleteRecord(w http.ResponseWriter, r *http.Request) {
	var in write
	fake.Read(r, &in)
	p.Mu.Lock()
	defer p.Mu.Unlock()
	delete(p.records, in.Collection+"/"+in.RKey)
	p.Drop(uri(in.Collection, in.RKey))
	fake.Answer(w, http.StatusOK, map[string]any{})
}
