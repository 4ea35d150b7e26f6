package vk

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

// entry is a post on a wall.
type entry struct {
	ID    int64  `json:"id"`
	Owner int64  `json:"owner_id"`
	Date  int64  `json:"date"`
	Text  string `json:"text"`
	Files []struct {
		Type  string `json:"type"`
		Photo *thing `json:"photo"`
		Video *thing `json:"video"`
	} `json:"attachments"`
	Likes    count `json:"likes"`
	Comments count `json:"comments"`
	Reposts  count `json:"reposts"`
	Views    count `json:"views"`
}

type thing struct {
	ID    int64 `json:"id"`
	Owner int64 `json:"owner_id"`
}

type count struct {
	N int64 `json:"count"`
}

// files are the attachments that are ours, as they are named in a post.
func (e entry) files() []string {
	var out []string
	for _, f := range e.Files {
		for name, t := range map[string]*thing{"photo": f.Photo, "video": f.Video} {
			if t != nil {
				out = append(out, name+strconv.FormatInt(t.Owner, 10)+"_"+strconv.FormatInt(t.ID, 10))
			}
		}
	}
	return out
}

func (e entry) receipt(c *connector.Call) connector.Receipt {
	r := receipt(strconv.FormatInt(e.Owner, 10), e.ID, c)
	r.At = time.Unix(e.Date, 0).UTC()
	return r
}

// List implements connector.Lister: what the owner of the wall posted, newest first.
func (Connector) List(ctx context.Context, c *connector.Call) ([]connector.Seen, error) {
	var out struct {
		Items []entry `json:"items"`
	}
	if err := call(ctx, c, "wall.get", map[string]string{"owner_id": owner(&c.Channel), "count": "50", "filter": "owner"}, &out); err != nil {
		return nil, err
	}
	if out.Items == nil {
		return nil, connector.Unreadable()
	}
	seen := make([]connector.Seen, len(out.Items))
	for i, e := range out.Items {
		seen[i] = connector.Seen{Receipt: e.receipt(c), Sign: sign(e.files(), e.Text)}
	}
	return seen, nil
}

// Sign implements connector.Lister: the files, whose numbers no other post has, else the words.
func (Connector) Sign(p *connector.Pass) string {
	return sign(connector.PeekAll[string](p, "save"), p.Draft.Text)
}

func sign(files []string, words string) string {
	if len(files) > 0 {
		files = slices.Clone(files)
		slices.Sort(files)
		return "files " + strings.Join(files, ",")
	}
	return "text " + text.Folded(words)
}

// byID reads posts.
func byID(ctx context.Context, c *connector.Call, ids ...string) ([]entry, error) {
	var out struct {
		Items []entry `json:"items"`
	}
	err := call(ctx, c, "wall.getById", map[string]string{"posts": strings.Join(ids, ",")}, &out)
	return out.Items, err
}

// Edit implements connector.Editor: the words. The files stay as they are there.
func (Connector) Edit(ctx context.Context, c *connector.Call, r connector.Receipt, d *connector.Draft) (connector.Receipt, error) {
	wall, id := split(r)
	if r.More["post"] != "" {
		return r, call(ctx, c, "wall.editComment", map[string]string{"owner_id": wall, "comment_id": id, "message": d.Text}, nil)
	}
	list, err := byID(ctx, c, r.ID)
	if err != nil {
		return r, err
	}
	if len(list) == 0 {
		return r, connector.Reject("The post isn't there any more.", "")
	}
	fields := body(d, list[0].files())
	fields["post_id"] = id
	delete(fields, "mute_notifications")
	return r, call(ctx, c, "wall.edit", fields, nil)
}

// Delete implements connector.Deleter.
func (Connector) Delete(ctx context.Context, c *connector.Call, r connector.Receipt) error {
	wall, id := split(r)
	method, fields := "wall.delete", map[string]string{"owner_id": wall, "post_id": id}
	if r.More["post"] != "" {
		method, fields = "wall.deleteComment", map[string]string{"owner_id": wall, "comment_id": id}
	}
	err := call(ctx, c, method, fields, nil)
	if f := connector.AsFailed(err); f != nil && slices.Contains(goneCodes, f.Body("error.error_code")) {
		return nil
	}
	return err
}

// goneCodes say that there is nothing to take away.
var goneCodes = []string{"104", "211"}

// Replies implements connector.Reader.
func (Connector) Replies(ctx context.Context, c *connector.Call, r connector.Receipt, after string) ([]connector.Answer, string, error) {
	wall, id := split(r)
	var out struct {
		Count int `json:"count"`
		Items []struct {
			ID     int64  `json:"id"`
			From   int64  `json:"from_id"`
			Date   int64  `json:"date"`
			Text   string `json:"text"`
			Parent int64  `json:"reply_to_comment"`
		} `json:"items"`
		Profiles []struct {
			ID     int64  `json:"id"`
			First  string `json:"first_name"`
			Last   string `json:"last_name"`
			Screen string `json:"screen_name"`
			Photo  string `json:"photo_100"`
		} `json:"profiles"`
		Groups []place `json:"groups"`
	}
	err := call(ctx, c, "wall.getComments", map[string]string{"owner_id": wall, "post_id": id, "count": "100", "offset": after, "extended": "1", "sort": "asc", "fields": "screen_name,photo_100"}, &out)
	if err != nil {
		return nil, "", err
	}
	names := map[int64]connector.Identity{}
	for _, p := range out.Profiles {
		names[p.ID] = connector.Identity{Handle: p.Screen, Name: strings.TrimSpace(p.First + " " + p.Last), Avatar: p.Photo}
	}
	for _, g := range out.Groups {
		names[-g.ID] = g.identity()
	}
	var answers []connector.Answer
	for _, i := range out.Items {
		who, parent := names[i.From], r.ID
		if i.Parent != 0 {
			parent = wall + "_" + strconv.FormatInt(i.Parent, 10)
		}
		number := strconv.FormatInt(i.ID, 10)
		answers = append(answers, connector.Answer{
			ID: wall + "_" + number, Author: who.Name, Handle: who.Handle, Avatar: who.Avatar, Text: i.Text, Parent: parent, At: time.Unix(i.Date, 0).UTC(),
			URL: r.Permalink + "?reply=" + number,
		})
	}
	from, _ := strconv.Atoi(after)
	if from += len(out.Items); len(out.Items) > 0 && from < out.Count {
		return answers, strconv.Itoa(from), nil
	}
	return answers, "", nil
}

// Measure implements connector.Measurer.
func (Connector) Measure(ctx context.Context, c *connector.Call, list []connector.Receipt) ([]connector.Figures, error) {
	var out []connector.Figures
	for some := range slices.Chunk(list, 100) {
		ids := make([]string, len(some))
		for i, r := range some {
			ids[i] = r.ID
		}
		got, err := byID(ctx, c, ids...)
		if err != nil {
			return out, err
		}
		for _, e := range got {
			out = append(out, connector.Figures{ID: e.receipt(c).ID, At: c.Now, Counts: map[string]int64{"likes": e.Likes.N, "replies": e.Comments.N, "reposts": e.Reposts.N, "views": e.Views.N}})
		}
	}
	return out, nil
}
