package redditfake

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/omniposto/omniposto/app/connector/fake"
)

// shown is a post or comment as Reddit gives it.
func shown(post fake.Post) map[string]any {
	kind := post.More["kind"]
	if kind == "comment" {
		return map[string]any{"name": post.ID, "id": strings.TrimPrefix(post.ID, "t1_"), "body": post.Text, "parent_id": post.Parent, "author": me, "subreddit": "golang",
			"created_utc": float64(post.At.Unix()), "permalink": "/r/golang/comments/x/title/" + strings.TrimPrefix(post.ID, "t1_") + "/"}
	}
	sr := post.More["sr"]
	if sr != "" {
		sr = strings.ToUpper(sr[:1]) + sr[1:] // as the community writes itself
	}
	out := map[string]any{
		"name": post.ID, "subreddit": sr, "title": post.More["title"], "selftext": post.Text, "author": me, "created_utc": float64(post.At.Unix()), "permalink": permalink(post),
		"is_self": kind == "self", "is_video": kind == "video", "score": 1, "num_comments": 2, "num_crossposts": 3, "view_count": nil, "url": "https://www.reddit.com" + permalink(post),
	}
	switch kind {
	case "link":
		out["url"] = post.More["url"]
	case "crosspost":
		out["crosspost_parent"] = post.More["crosspost_fullname"]
	case "image":
		out["url"] = "https://i.redd.it/" + strings.TrimPrefix(post.ID, "t3_") + ".jpg"
	case "video":
		out["url"] = "https://v.redd.it/" + strings.TrimPrefix(post.ID, "t3_")
	case "gallery":
		items := []map[string]string{}
		for _, f := range post.Files {
			items = append(items, map[string]string{"media_id": f.ID})
		}
		out["is_gallery"], out["gallery_data"] = true, map[string]any{"items": items}
	}
	return out
}

func listing(posts []fake.Post) map[string]any {
	children := []map[string]any{}
	for _, post := range posts {
		children = append(children, map[string]any{"kind": post.ID[:2], "data": shown(post)})
	}
	return map[string]any{"kind": "Listing", "data": map[string]any{"children": children}}
}

func (p *Platform) overview(w http.ResponseWriter, r *http.Request) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	n, _ := strconv.Atoi(r.URL.Query().Get("limit"))
	if r.PathValue("name") != me || r.URL.Query().Get("sort") != "new" {
		n = 0
	}
	fake.Answer(w, http.StatusOK, listing(p.Newest(min(n, 100))))
}

func (p *Platform) edit(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	p.Mu.Lock()
	defer p.Mu.Unlock()
	post, ok := p.Find(r.Form.Get("thing_id"))
	if !ok {
		wrong(w, "NO_THING_ID", "id not specified", "thing_id")
		return
	}
	post.Text = r.Form.Get("text")
	p.Change(post)
	fake.Answer(w, http.StatusOK, map[string]any{"json": map[string]any{"errors": []any{}}})
}

func (p *Platform) remove(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	p.Mu.Lock()
	defer p.Mu.Unlock()
	p.Drop(r.Form.Get("id"))
	fake.Answer(w, http.StatusOK, map[string]any{})
}

// comments are the tree below a post: replies stand inside what they answer.
func (p *Platform) comments(w http.ResponseWriter, r *http.Request) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	all := p.Newest(1000)
	slices.Reverse(all)
	var below func(parent string) map[string]any
	below = func(parent string) map[string]any {
		children := []map[string]any{}
		for _, c := range all {
			if c.Parent != parent {
				continue
			}
			data := shown(c)
			data["replies"] = ""
			if deeper := below(c.ID); len(deeper["data"].(map[string]any)["children"].([]map[string]any)) > 0 {
				data["replies"] = deeper
			}
			children = append(children, map[string]any{"kind": "t1", "data": data})
		}
		return map[string]any{"kind": "Listing", "data": map[string]any{"children": children}}
	}
	fake.Answer(w, http.StatusOK, []any{listing(nil), below("t3_" + r.PathValue("id"))})
}

func (p *Platform) info(w http.ResponseWriter, r *http.Request) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	var out []fake.Post
	for _, id := range strings.Split(r.URL.Query().Get("id"), ",") {
		if post, ok := p.Find(id); ok {
			out = append(out, post)
		}
	}
	fake.Answer(w, http.StatusOK, listing(out))
}

var _ fake.Registered = (*Platform)(nil)
