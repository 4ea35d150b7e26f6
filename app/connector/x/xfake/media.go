package xfake

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"strconv"
	"unicode/utf8"

	"github.com/omniposto/omniposto/app/connector/fake"
)

// uploading is a file that comes in parts.
type uploading struct {
	*fake.Growing
	file  *fake.File
	total int64
	done  bool
}

func (p *Platform) given(w http.ResponseWriter, f *fake.File, more map[string]any) {
	out := map[string]any{"id": f.ID, "media_key": "3_" + f.ID, "expires_after_secs": 86400}
	for k, v := range more {
		out[k] = v
	}
	fake.Answer(w, http.StatusOK, map[string]any{"data": out})
}

func invalid(w http.ResponseWriter, words string) {
	refuse(w, http.StatusBadRequest, "Invalid Request", words, problems+"invalid-request")
}

func (p *Platform) upload(w http.ResponseWriter, r *http.Request) {
	values, files, _, err := fake.Parts(r)
	f, ok := files["media"]
	if err != nil || !ok || values["media_category"] != "tweet_image" || f.MIME == "image/gif" {
		invalid(w, "The media is missing or has no category.")
		return
	}
	if f.Size > imageBytes {
		invalid(w, "The image is larger than 5 MB.")
		return
	}
	p.Mu.Lock()
	defer p.Mu.Unlock()
	f.ReadyAt = p.Now()
	p.given(w, p.Keep(f), nil)
}

func (p *Platform) initialize(w http.ResponseWriter, r *http.Request) {
	var in struct {
		MIME     string `json:"media_type"`
		Size     int64  `json:"total_bytes"`
		Category string `json:"media_category"`
	}
	most := map[string]int64{"tweet_gif": gifBytes, "tweet_video": videoBytes}
	if !fake.Read(r, &in) || in.Size <= 0 || in.Size > most[in.Category] || (in.MIME == "image/gif") != (in.Category == "tweet_gif") {
		invalid(w, "The file is too large or of the wrong type.")
		return
	}
	p.Mu.Lock()
	defer p.Mu.Unlock()
	f := p.Keep(fake.File{MIME: in.MIME})
	p.uploads[f.ID] = &uploading{Growing: fake.NewGrowing(), file: f, total: in.Size}
	p.given(w, f, nil)
}

var errNoPart = errors.New("there is no part")

// part reads the segment's number, and calls with the stream of its bytes.
func part(r *http.Request, with func(n int, media *multipart.Part) error) error {
	mr, err := r.MultipartReader()
	if err != nil {
		return err
	}
	n := -1
	for {
		next, err := mr.NextPart()
		if err != nil {
			return errNoPart
		}
		if next.FormName() == "media" && n >= 0 {
			return with(n, next)
		}
		raw, _ := io.ReadAll(io.LimitReader(next, 100))
		if next.FormName() == "segment_index" {
			n, err = strconv.Atoi(string(raw))
			if err != nil {
				return err
			}
		}
	}
}

func (p *Platform) append(w http.ResponseWriter, r *http.Request) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	u, ok := p.uploads[r.PathValue("id")]
	if !ok || u.done {
		invalid(w, "Your media IDs are invalid.")
		return
	}
	err := part(r, func(n int, media *multipart.Part) error {
		u.file.Name = media.FileName()
		return u.Part(n, io.LimitReader(media, 5<<20))
	})
	if err != nil {
		invalid(w, "The segment can't be read.")
		return
	}
	fake.Answer(w, http.StatusOK, map[string]any{"data": map[string]any{"expires_at": p.Now().Unix() + 86400}})
}

func (p *Platform) finalize(w http.ResponseWriter, r *http.Request) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	u, ok := p.uploads[r.PathValue("id")]
	if !ok || u.Size != u.total {
		invalid(w, "Segments are missing.")
		return
	}
	if !u.done {
		u.done = true
		u.file.Size, u.file.Sum = u.Size, u.Sum()
		u.file.ReadyAt = p.Now().Add(workTime)
	}
	p.given(w, u.file, map[string]any{"processing_info": map[string]any{"state": "pending", "check_after_secs": 1}})
}

func (p *Platform) status(w http.ResponseWriter, r *http.Request) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	f, ok := p.File(r.URL.Query().Get("media_id"))
	if !ok || r.URL.Query().Get("command") != "STATUS" {
		invalid(w, "Your media IDs are invalid.")
		return
	}
	info := map[string]any{"state": "succeeded", "progress_percent": 100}
	if p.Now().Before(f.ReadyAt) {
		info = map[string]any{"state": "in_progress", "check_after_secs": 2, "progress_percent": 40}
	}
	p.given(w, f, map[string]any{"processing_info": info})
}

func (p *Platform) describe(w http.ResponseWriter, r *http.Request) {
	var in struct {
		ID       string `json:"id"`
		Metadata struct {
			Alt struct {
				Text string `json:"text"`
			} `json:"alt_text"`
		} `json:"metadata"`
	}
	p.Mu.Lock()
	defer p.Mu.Unlock()
	ok := fake.Read(r, &in)
	f, known := p.File(in.ID)
	if !ok || !known || utf8.RuneCountInString(in.Metadata.Alt.Text) > maxAlt {
		invalid(w, "The alt text is too long, or there is no such media.")
		return
	}
	f.Alt = in.Metadata.Alt.Text
	p.given(w, f, nil)
}
