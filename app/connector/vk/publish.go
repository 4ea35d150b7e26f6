package vk

import (
	"context"
	"net/url"
	"strconv"
	"strings"

	"github.com/omniposto/omniposto/app/connector"
)

type settings struct {
	FromGroup, Signed, CloseComments, Mute, FriendsOnly bool
	Copyright                                           string
}

var settingsForm = connector.Settings(func(f *connector.Fields, s *settings) {
	f.Flag(&s.FromGroup, "from_group").Labelled("In the community's name", "Otherwise in yours. On a community's wall only.").Def(true)
	f.Flag(&s.Signed, "signed").Labelled("Signed", "Your name stands below. On a community's wall only.").Def(false)
	f.Flag(&s.CloseComments, "close_comments").Labelled("No comments", "").Def(false)
	f.Flag(&s.Mute, "mute_notifications").Labelled("Tell nobody", "Followers get no notification.").Def(false)
	f.Flag(&s.FriendsOnly, "friends_only").Labelled("Friends only", "On your own wall only.").Def(false)
	f.URL(&s.Copyright, "copyright").Labelled("Source", "The address where the content comes from.")
})

// rules are what a form can't say.
func rules(d *connector.Draft, _ *connector.Kind) []connector.Trouble {
	if s := settingsForm.Of(d); s.FriendsOnly && group(&d.Channel) != "" {
		return []connector.Trouble{{Code: "friends_only", Field: "settings.friends_only", Words: "A community has no friends."}}
	}
	return nil
}

// Publish implements connector.Publisher: bring the files, keep them, post. The key makes two posts of it one.
func (Connector) Publish(ctx context.Context, p *connector.Pass) (connector.Receipt, error) {
	d := p.Draft
	if d.Role == connector.Comment {
		return connector.Commit(ctx, p, "comment", func(ctx context.Context, c *connector.Call) (connector.Receipt, error) { return comment(ctx, c, d) })
	}
	if n := len(d.Media) - maxAttachments; n > 0 {
		return connector.Receipt{}, connector.Reject("VK takes ten files a post.", "remove:"+strconv.Itoa(n))
	}
	sent, err := connector.Each(ctx, p, "upload", d.Media, upload)
	if err != nil {
		return connector.Receipt{}, err
	}
	files, err := connector.Each(ctx, p, "save", sent, save)
	if err != nil {
		return connector.Receipt{}, err
	}
	return connector.Commit(ctx, p, "post", func(ctx context.Context, c *connector.Call) (connector.Receipt, error) {
		fields := body(d, files)
		fields["guid"] = d.Key
		var out struct {
			ID int64 `json:"post_id"`
		}
		if err := call(ctx, c, "wall.post", fields, &out); err != nil || out.ID == 0 {
			return connector.Receipt{}, err
		}
		return receipt(owner(&d.Channel), out.ID, c), nil
	})
}

func flag(on bool) string {
	if on {
		return "1"
	}
	return ""
}

// body are the fields of a new or changed post.
func body(d *connector.Draft, files []string) map[string]string {
	s := settingsForm.Of(d)
	out := map[string]string{
		"owner_id": owner(&d.Channel), "message": d.Text, "attachments": strings.Join(files, ","), "copyright": s.Copyright,
		"close_comments": flag(s.CloseComments), "mute_notifications": flag(s.Mute), "friends_only": flag(s.FriendsOnly),
	}
	if group(&d.Channel) != "" {
		out["from_group"], out["signed"] = flag(s.FromGroup), flag(s.Signed && s.FromGroup)
	}
	return out
}

func receipt(owner string, id int64, c *connector.Call) connector.Receipt {
	name := owner + "_" + strconv.FormatInt(id, 10)
	return connector.Receipt{ID: name, Permalink: "https://vk.com/wall" + name, At: c.Now}
}

// split gives a receipt's wall and number.
func split(r connector.Receipt) (owner, id string) {
	owner, id, _ = strings.Cut(r.ID, "_")
	return owner, id
}

// comment posts the first comment, in the community's name on its wall.
func comment(ctx context.Context, c *connector.Call, d *connector.Draft) (connector.Receipt, error) {
	wall, id := split(*d.Parent)
	var out struct {
		ID int64 `json:"comment_id"`
	}
	err := call(ctx, c, "wall.createComment", map[string]string{"owner_id": wall, "post_id": id, "message": d.Text, "from_group": group(&d.Channel), "guid": d.Key}, &out)
	if err != nil || out.ID == 0 {
		return connector.Receipt{}, err
	}
	r := receipt(wall, out.ID, c)
	r.Permalink = d.Parent.Permalink + "?reply=" + strconv.FormatInt(out.ID, 10)
	r.More = map[string]string{"post": id}
	return r, nil
}

// uploaded is the saved result of an upload: what a photo is kept by, or a video that is kept already.
type uploaded struct {
	Server int64  `json:"server"`
	Photo  string `json:"photo"`
	Hash   string `json:"hash"`
	Video  string `json:"video"`
}

// upload asks for a place and sends the file there, without our access.
func upload(ctx context.Context, c *connector.Call, m connector.Media) (uploaded, error) {
	var at struct {
		Upload string `json:"upload_url"`
		Video  int64  `json:"video_id"`
		Owner  int64  `json:"owner_id"`
	}
	method, part := "photos.getWallUploadServer", "photo"
	fields := map[string]string{"group_id": group(&c.Channel)}
	if m.Type == connector.VideoFile {
		method, part = "video.save", "video_file"
		fields["name"], fields["wallpost"] = m.Name, "0"
	}
	if err := call(ctx, c, method, fields, &at); err != nil {
		return uploaded{}, err
	}
	c.Hide(at.Upload)
	var out uploaded
	r := connector.Request{
		Method: "POST", Host: hostOf(at.Upload), Path: at.Upload, NoAuth: true, Size: m.Size,
		Parts: []connector.Part{{Name: part, File: m.All(), Size: m.Size, FileName: m.Name, Type: m.MIME}},
	}
	if part == "photo" {
		r.Into = &out
	}
	if _, err := c.Send(ctx, r); err != nil {
		return uploaded{}, err
	}
	if part != "photo" {
		return uploaded{Video: "video" + strconv.FormatInt(at.Owner, 10) + "_" + strconv.FormatInt(at.Video, 10)}, nil
	}
	if out.Hash == "" || out.Photo == "" || out.Photo == "[]" {
		return uploaded{}, connector.Reject("VK couldn't use the picture.", "exclude")
	}
	return out, nil
}

// hostOf is which of the declared places an address belongs to; the kit refuses it if it is none.
func hostOf(address string) string {
	if u, err := url.Parse(address); err == nil && strings.HasSuffix(u.Hostname(), ".userapi.com") {
		return "userapi"
	}
	return "vk"
}

// save keeps a photo and gives it as an attachment.
func save(ctx context.Context, c *connector.Call, u uploaded) (string, error) {
	if u.Video != "" {
		return u.Video, nil
	}
	fields := map[string]string{"server": strconv.FormatInt(u.Server, 10), "photo": u.Photo, "hash": u.Hash, "group_id": group(&c.Channel)}
	if fields["group_id"] == "" {
		fields["user_id"] = owner(&c.Channel)
	}
	var kept []struct {
		ID    int64 `json:"id"`
		Owner int64 `json:"owner_id"`
	}
	if err := call(ctx, c, "photos.saveWallPhoto", fields, &kept); err != nil {
		return "", err
	}
	if len(kept) == 0 {
		return "", connector.Unreadable()
	}
	return "photo" + strconv.FormatInt(kept[0].Owner, 10) + "_" + strconv.FormatInt(kept[0].ID, 10), nil
}
