package linkedinfake

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"

	"github.com/omniposto/omniposto/app/connector/fake"
)

const partSize = 4 << 20

// place opens a place for a file.
func (p *Platform) place(kind string) *coming {
	f := p.Keep(fake.File{ID: p.urn(kind)})
	id := strconv.Itoa(p.Serial())
	c := &coming{Growing: fake.NewGrowing(), file: f}
	p.parts[id] = c
	f.Name = "https://www.linkedin.com/dms-uploads/" + id
	return c
}

func (p *Platform) begin(kind string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Request struct {
				Owner string `json:"owner"`
			} `json:"initializeUploadRequest"`
		}
		ok := fake.Read(r, &in)
		p.Mu.Lock()
		defer p.Mu.Unlock()
		if !ok || r.URL.Query().Get("action") != "initializeUpload" || in.Request.Owner != p.author(r) {
			refuse(w, http.StatusBadRequest, "ILLEGAL_ARGUMENT", "The owner is wrong")
			return
		}
		c := p.place(kind)
		fake.Answer(w, http.StatusOK, map[string]any{"value": map[string]any{"uploadUrl": c.file.Name + "?sign=up-canary-" + strconv.Itoa(p.Serial()), kind: c.file.ID, "uploadUrlExpiresAt": p.Now().UnixMilli() + 86_400_000}})
	}
}

func (p *Platform) put(w http.ResponseWriter, r *http.Request) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	c, ok := p.parts[r.PathValue("id")]
	if !ok || c.done || c.Part(0, io.LimitReader(r.Body, 101<<20)) != nil {
		refuse(w, http.StatusBadRequest, "ILLEGAL_ARGUMENT", "There is no such upload")
		return
	}
	p.keep(c, r.Header.Get("Content-Type"))
	w.WriteHeader(http.StatusCreated)
}

// keep has the whole file.
func (p *Platform) keep(c *coming, mime string) {
	c.done = true
	c.file.MIME, c.file.Size, c.file.Sum, c.file.ReadyAt = mime, c.Size, c.Sum(), p.Now().Add(workTime)
}

func (p *Platform) video(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Begin struct {
			Owner string `json:"owner"`
			Size  int64  `json:"fileSizeBytes"`
		} `json:"initializeUploadRequest"`
		End struct {
			Video string   `json:"video"`
			Token string   `json:"uploadToken"`
			Parts []string `json:"uploadedPartIds"`
		} `json:"finalizeUploadRequest"`
	}
	ok := fake.Read(r, &in)
	p.Mu.Lock()
	defer p.Mu.Unlock()
	switch action := r.URL.Query().Get("action"); {
	case ok && action == "initializeUpload" && in.Begin.Owner == p.author(r) && in.Begin.Size > 0 && in.Begin.Size <= 500<<20:
		p.beginVideo(w, in.Begin.Size)
	case ok && action == "finalizeUpload":
		for _, c := range p.parts {
			if c.file.ID == in.End.Video && in.End.Token == "token" && c.Size == c.total && slices.Equal(c.tags, in.End.Parts) {
				if !c.done {
					p.keep(c, "video/mp4")
				}
				w.WriteHeader(http.StatusOK)
				return
			}
		}
		refuse(w, http.StatusBadRequest, "ILLEGAL_ARGUMENT", "Parts are missing")
	default:
		refuse(w, http.StatusBadRequest, "ILLEGAL_ARGUMENT", "The video is too large")
	}
}

func (p *Platform) beginVideo(w http.ResponseWriter, size int64) {
	c := p.place("video")
	c.total = size
	var list []map[string]any
	for first := int64(0); first < size; first += partSize {
		list = append(list, map[string]any{"uploadUrl": fmt.Sprintf("%s/%d?sign=up-canary-%d", c.file.Name, len(list), p.Serial()), "firstByte": first, "lastByte": min(first+partSize, size) - 1})
	}
	fake.Answer(w, http.StatusOK, map[string]any{"value": map[string]any{"video": c.file.ID, "uploadToken": "token", "uploadInstructions": list}})
}

func (p *Platform) putPart(w http.ResponseWriter, r *http.Request) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	c, ok := p.parts[r.PathValue("id")]
	n, err := strconv.Atoi(r.PathValue("n"))
	if !ok || err != nil || c.done || c.Part(n, io.LimitReader(r.Body, partSize)) != nil {
		refuse(w, http.StatusBadRequest, "ILLEGAL_ARGUMENT", "There is no such part")
		return
	}
	tag := fmt.Sprintf("/ambry-video/%s/%d", r.PathValue("id"), n)
	if n < len(c.tags) {
		c.tags = c.tags[:n]
	}
	c.tags = append(c.tags, tag)
	w.Header().Set("ETag", tag)
	w.WriteHeader(http.StatusOK)
}

func (p *Platform) status(w http.ResponseWriter, r *http.Request) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	f, ok := p.File(r.PathValue("urn"))
	if !ok {
		refuse(w, http.StatusNotFound, "NOT_FOUND", "There is no such file")
		return
	}
	state := "AVAILABLE"
	switch {
	case f.Sum == "":
		state = "WAITING_UPLOAD"
	case p.Now().Before(f.ReadyAt):
		state = "PROCESSING"
	}
	fake.Answer(w, http.StatusOK, map[string]string{"id": f.ID, "status": state})
}
