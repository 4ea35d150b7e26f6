package vkfake

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/omniposto/omniposto/app/connector/fake"
)

// good says that a token serves; callers hold Mu.
func (p *Platform) good(token string) bool {
	p.Mu.Unlock()
	defer p.Mu.Lock()
	return p.Good(token)
}

func shown(post fake.Post) map[string]any {
	wall, _, _ := strings.Cut(post.ID, "_")
	owner, _ := strconv.Atoi(wall)
	files := []any{}
	for _, f := range post.Files {
		kind := strings.TrimRight(strings.SplitN(f.ID, "_", 2)[0], "-0123456789")
		o, id, _ := strings.Cut(strings.TrimPrefix(f.ID, kind), "_")
		by, _ := strconv.Atoi(o)
		n, _ := strconv.Atoi(id)
		files = append(files, map[string]any{"type": kind, kind: map[string]int{"id": n, "owner_id": by}})
	}
	one := func(n int) map[string]int { return map[string]int{"count": n} }
	return map[string]any{"id": numberOf(post.ID), "owner_id": owner, "date": post.At.Unix(), "text": post.Text, "attachments": files, "likes": one(1), "comments": one(2), "reposts": one(3), "views": one(4)}
}

func (p *Platform) wall(f url.Values) (any, int, string) {
	n, _ := strconv.Atoi(f.Get("count"))
	items := []any{}
	for _, post := range p.Newest(1000) {
		if strings.HasPrefix(post.ID, f.Get("owner_id")+"_") && post.Parent == "" && len(items) < min(n, 100) {
			items = append(items, shown(post))
		}
	}
	return map[string]any{"count": len(items), "items": items}, 0, ""
}

func (p *Platform) byID(f url.Values) (any, int, string) {
	items := []any{}
	for _, id := range strings.Split(f.Get("posts"), ",") {
		if post, ok := p.Find(id); ok {
			items = append(items, shown(post))
		}
	}
	return map[string]any{"items": items}, 0, ""
}

// comments come two a page, oldest first.
func (p *Platform) comments(f url.Values) (any, int, string) {
	from, _ := strconv.Atoi(f.Get("offset"))
	all := []any{}
	posts := p.Newest(1000)
	for _, c := range slices.Backward(posts) {
		if c.Parent == f.Get("owner_id")+"_"+f.Get("post_id") {
			all = append(all, map[string]any{"id": numberOf(c.ID), "from_id": -club, "date": c.At.Unix(), "text": c.Text})
		}
	}
	page := all[min(from, len(all)):min(from+2, len(all))]
	return map[string]any{"count": len(all), "items": page, "profiles": []any{}, "groups": []any{theClub}}, 0, ""
}

func (p *Platform) place(kind string) string {
	f := p.Keep(fake.File{ID: "up" + strconv.Itoa(p.Serial())})
	return fmt.Sprintf("https://pu.vk.com/upload/%s/%s?sign=up-canary-%s", kind, f.ID, f.ID)
}

func (p *Platform) photoPlace(url.Values) (any, int, string) {
	return map[string]any{"upload_url": p.place("photo")}, 0, ""
}

func (p *Platform) videoPlace(f url.Values) (any, int, string) {
	if f.Get("wallpost") != "0" {
		return nil, 100, "One of the parameters specified was missing or invalid: wallpost"
	}
	at := p.place("video")
	id := p.Serial()
	p.Keep(fake.File{ID: fmt.Sprintf("video%d_%d", me, id), Name: at})
	return map[string]any{"upload_url": at, "video_id": id, "owner_id": me}, 0, ""
}

func (p *Platform) upload(w http.ResponseWriter, r *http.Request) {
	_, files, _, err := fake.Parts(r)
	p.Mu.Lock()
	defer p.Mu.Unlock()
	f, ok := p.File(r.PathValue("id"))
	part := map[string]string{"photo": "photo", "video": "video_file"}[r.PathValue("kind")]
	given, sent := files[part]
	if err != nil || !ok || !sent || r.URL.Query().Get("sign") != "up-canary-"+f.ID || r.URL.Query().Get("access_token") != "" {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	f.Size, f.Sum, f.MIME = given.Size, given.Sum, given.MIME
	if part == "photo" {
		fake.Answer(w, http.StatusOK, map[string]any{"server": 9, "photo": `[{"id":"` + f.ID + `"}]`, "hash": "hash-" + f.ID})
		return
	}
	fake.Answer(w, http.StatusOK, map[string]any{"size": f.Size, "video_hash": "x"})
}

func (p *Platform) savePhoto(f url.Values) (any, int, string) {
	up, ok := p.File(strings.TrimPrefix(f.Get("hash"), "hash-"))
	if !ok || f.Get("server") != "9" || f.Get("photo") != `[{"id":"`+up.ID+`"}]` || (f.Get("group_id") == "") == (f.Get("user_id") == "") {
		return nil, 121, "Invalid hash"
	}
	id := p.Serial()
	kept := *up
	kept.ID = fmt.Sprintf("photo%d_%d", me, id)
	p.Keep(kept)
	return []any{map[string]int{"id": id, "owner_id": me}}, 0, ""
}

// attached are the files that a post names.
func (p *Platform) attached(list string) ([]fake.File, bool) {
	var out []fake.File
	for _, name := range strings.Split(list, ",") {
		if name == "" {
			continue
		}
		f, ok := p.File(name)
		if !ok {
			return nil, false
		}
		file := *f
		if strings.HasPrefix(name, "video") { // what was sent to its place
			id := f.Name[strings.LastIndex(f.Name, "/")+1:]
			sent, ok := p.File(id[:strings.IndexByte(id, '?')])
			if !ok || sent.Sum == "" {
				return nil, false
			}
			file.Size, file.Sum = sent.Size, sent.Sum
		}
		out = append(out, file)
	}
	return out, true
}

var _ fake.Registered = (*Platform)(nil)
