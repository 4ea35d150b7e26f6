package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"strconv"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/access"
	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/base/envelope"
	"github.com/omniposto/omniposto/app/base/fail"
	"github.com/omniposto/omniposto/app/event"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// Files offers the operations on assets.
type Files struct {
	*Service
	db   *store.DB
	uses func(tx store.ReadTx, a ref.Asset) int // how many posts use it
	box  envelope.Envelope                      // closes addresses for platforms that fetch
}

// NewFiles makes the operations over a service. key, of 32 bytes, signs addresses for platforms that fetch files.
func NewFiles(s *Service, db *store.DB, uses func(tx store.ReadTx, a ref.Asset) int, key []byte) *Files {
	return &Files{s, db, uses, envelope.New(key)}
}

// The errors of how a file is sent.
var (
	ErrForm     = fail.Malformed("upload_form", "Send the file as multipart/form-data in a part named file.")
	ErrOffsetIn = fail.Malformed("upload_offset_invalid", "Upload-Offset must be the number of bytes that are there already.")
)

// ErrAddress is the error of an address that isn't ours or has ended.
var ErrAddress = fail.NotFound("not_found", "There is no such file, or its address has ended.")

// fetchLife is how long a platform may take to fetch a file.
const fetchLife = time.Hour

// Address is the path at which anybody who has it can fetch the original for an hour.
func (f *Files) Address(o ref.Organization, w ref.Workspace, id ref.Asset) string {
	until := strconv.FormatInt(f.Clock.Now().Add(fetchLife).Unix(), 10)
	return "/m/" + f.box.Close("fetch", []byte(o.String()+" "+w.String()+" "+id.String()+" "+until))
}

type fetchInput struct {
	Address string `path:"address" maxLength:"512"`
}

func (f *Files) fetch(ctx context.Context, c op.Call, in *fetchInput) (*op.File, error) {
	plain, err := f.box.Open("fetch", in.Address)
	if err != nil {
		return nil, ErrAddress
	}
	var o ref.Organization
	var w ref.Workspace
	var id ref.Asset
	words := strings.Fields(string(plain))
	if len(words) != 4 || o.UnmarshalText([]byte(words[0])) != nil || w.UnmarshalText([]byte(words[1])) != nil || id.UnmarshalText([]byte(words[2])) != nil {
		return nil, ErrAddress
	}
	if until, err := strconv.ParseInt(words[3], 10, 64); err != nil || c.Now.Unix() > until {
		return nil, ErrAddress
	}
	return f.Opened(ctx, o, w, id, Original)
}

// AssetView is an asset in the API.
type AssetView struct {
	ID         ref.Asset   `json:"id"`
	Version    int64       `json:"version"`
	Name       string      `json:"name"`
	MIME       string      `json:"mime"`
	Kind       Kind        `json:"kind,omitempty" doc:"image, video, gif, audio or document, once it is known."`
	Bytes      int64       `json:"bytes"`
	Width      int         `json:"width,omitempty"`
	Height     int         `json:"height,omitempty"`
	DurationMS int64       `json:"duration_ms,omitempty"`
	Alt        string      `json:"alt"`
	State      State       `json:"state" enum:"uploading,checking,ready,refused"`
	Problem    string      `json:"problem,omitempty" doc:"Why it was refused, for a person."`
	Code       string      `json:"code,omitempty" doc:"Why it was refused, for a program."`
	Renditions []Rendition `json:"renditions" maxItems:"4"`
	UsedIn     int         `json:"used_in" doc:"How many posts use it."`
	CreatedAt  time.Time   `json:"created_at"`
}

// ETagVersion implements op.Versioned.
func (v AssetView) ETagVersion() int64 { return v.Version }

// UploadView is a file on its way in.
type UploadView struct {
	ID     ref.Upload `json:"id"`
	Offset int64      `json:"offset" doc:"Bytes that are there; send the rest from here."`
	Bytes  int64      `json:"bytes"`
	Asset  AssetView  `json:"asset"`
}

// AssetPath is the part of a path that names the asset.
type AssetPath struct {
	op.WorkspacePath
	Asset ref.Asset `path:"asset" maxLength:"40" doc:"The asset's id."`
}

// UploadPath is the part of a path that names the upload.
type UploadPath struct {
	op.WorkspacePath
	Upload ref.Upload `path:"upload" maxLength:"40" doc:"The upload's id."`
}

type listInput struct {
	op.WorkspacePath
	op.Page
	Kind   Kind `query:"kind" enum:"image,video,gif,audio,document"`
	Unused bool `query:"unused" doc:"Only what no post uses."`
}

type beginInput struct {
	op.WorkspacePath
	Body struct {
		Name  string `json:"name" minLength:"1" maxLength:"200"`
		Bytes int64  `json:"bytes" minimum:"1" maximum:"1099511627776"`
		Alt   string `json:"alt,omitempty" maxLength:"10000"`
	}
}

type appendInput struct {
	UploadPath
	Offset string `header:"Upload-Offset" maxLength:"20" doc:"Bytes that are there already."`
}

type changeInput struct {
	AssetPath
	Body struct {
		Name *string `json:"name,omitempty" minLength:"1" maxLength:"200"`
		Alt  *string `json:"alt,omitempty" maxLength:"10000"`
	}
}

type fileInput struct {
	AssetPath
	Rendition Rendition `path:"rendition" enum:"original,thumb,preview" doc:"thumb fits 320, preview 1280 pixels."`
}

const (
	verdictIn = 20 * time.Second // how long an upload in one request waits for what the file is
	chunkMost = 64 << 20
)

// Operations lists what can be done.
func (f *Files) Operations() []op.Operation {
	one := AssetView{Name: "jacket.jpg", MIME: "image/jpeg", Kind: Image, Bytes: 184320, Width: 1600, Height: 1200, Alt: "A red shell jacket", State: Ready, Renditions: []Rendition{Thumb, Preview}, Version: 2}
	up := UploadView{Offset: 5242880, Bytes: 73400320, Asset: AssetView{Name: "film.mp4", State: Uploading, Renditions: []Rendition{}}}
	return []op.Operation{
		op.New("assets.list", op.GET("/workspaces/{workspace}/media"), f.list).
			Says("List files", "Files of the workspace, newest first.").Example(nil, op.Listed[AssetView]{Items: []AssetView{one}}).
			In(op.InWorkspace).Fails(op.ErrCursor).Needs(access.WorkspaceRead),
		op.New("assets.upload", op.POST("/workspaces/{workspace}/media"), f.upload).
			Says("Upload a file", "In one request, multipart/form-data with a part named file and, before it, alt. Large files are better sent by uploads.begin.").
			Example(nil, one).In(op.InWorkspace).TakesFile().Creates().Body(f.MaxBytes + 1<<20).Costs(op.Costly).NoDryRun("the bytes would be wasted").
			Audits("asset.created").Fails(append([]*fail.Error{ErrForm, ErrUploads, ErrAlt, ErrStorage}, verdicts...)...).Needs(access.MediaWrite),
		op.New("assets.read", op.GET("/workspaces/{workspace}/media/{asset}"), f.read).
			Says("Read a file's facts", "Kind, size, description, state and where it is used.").Example(nil, one).In(op.InWorkspace).Fails(ErrNotFound).Needs(access.WorkspaceRead),
		op.New("assets.update", op.PATCH("/workspaces/{workspace}/media/{asset}"), f.change).
			Says("Change a file's name or description", "Posts that say nothing of their own use the new description.").Example(map[string]any{"alt": "A red shell jacket"}, one).
			In(op.InWorkspace).Versioned().Audits("asset.changed").Fails(op.ErrStale, ErrNotFound, ErrName, ErrAlt).Needs(access.MediaWrite),
		op.New("assets.delete", op.DELETE("/workspaces/{workspace}/media/{asset}"), f.deleteAsset).
			Says("Delete a file", "Refused while a post that isn't out needs it.").In(op.InWorkspace).Versioned().Audits("asset.deleted").Fails(op.ErrStale, ErrNotFound, ErrNeeded).Needs(access.MediaWrite),
		op.NewFile("assets.file", op.GET("/workspaces/{workspace}/media/{asset}/{rendition}"), f.file).
			Says("Read a file", "One form of the file: original, thumb or preview.").In(op.InWorkspace).Fails(ErrNotFound, ErrNotReady, ErrRefused, ErrRendition, ErrStorage).Needs(access.WorkspaceRead),
		op.NewFile("assets.fetch", op.GET("/m/{address}"), f.fetch).
			Says("Fetch a file as a platform does", "The address is made for one file and ends after an hour.").OutsideAPI().Fails(ErrAddress, ErrNotReady, ErrStorage).
			Hidden("made for platforms").Public("the closed address is the permission: it names one file and ends after an hour"),
		op.New("uploads.begin", op.POST("/workspaces/{workspace}/uploads"), f.begin).
			Says("Begin a resumable upload", "Posts may name its asset from now on; they wait until it is ready.").Example(map[string]any{"name": "film.mp4", "bytes": 73400320}, up).
			In(op.InWorkspace).Creates().NoDryRun("the bytes would be wasted").Audits("asset.created").Fails(ErrTooLarge, ErrUploads, ErrAlt).Needs(access.MediaWrite),
		op.New("uploads.append", op.PATCH("/workspaces/{workspace}/uploads/{upload}"), f.appendBytes).
			Says("Send the next bytes", "The body is bytes from Upload-Offset on; the last ones make the asset checking.").Example(nil, up).
			In(op.InWorkspace).TakesFile().Body(chunkMost).Costs(op.Cheap).NoDryRun("the bytes would be wasted").Unaudited("its beginning is in the log").
			Fails(ErrOffset, ErrOffsetIn, ErrPieces, ErrUploadNotFound, ErrStorage).Needs(access.MediaWrite),
		op.New("uploads.read", op.GET("/workspaces/{workspace}/uploads/{upload}"), f.progress).
			Says("How far is an upload?", "The offset to go on from after a broken connection; also in the header Upload-Offset.").Example(nil, up).
			In(op.InWorkspace).Fails(ErrUploadNotFound).Needs(access.MediaWrite),
	}
}

func (f *Files) view(tx store.ReadTx, a Asset) *AssetView {
	v := &AssetView{ID: a.ID, Version: a.Version, Name: a.Name, MIME: a.MIME, Kind: a.Kind, Bytes: a.Bytes, Width: a.Width, Height: a.Height, DurationMS: a.Duration,
		Alt: a.Alt, State: a.State, Renditions: a.Renditions(), UsedIn: f.uses(tx, a.ID), CreatedAt: a.CreatedAt}
	if v.Renditions == nil {
		v.Renditions = []Rendition{}
	}
	if why := a.Why(); why != nil {
		v.Problem, v.Code = why.Message, why.Code
	}
	return v
}

func (f *Files) list(ctx context.Context, c op.Call, in *listInput) (*op.Listed[AssetView], error) {
	at, err := c.Position(in.Cursor)
	if err != nil {
		return nil, err
	}
	var after ref.Asset
	copy(after[:], at)
	out := &op.Listed[AssetView]{Items: []AssetView{}}
	err = f.db.View(ctx, func(tx store.ReadTx) error {
		for looked := 0; len(out.Items) < in.Limit && looked < 20; looked++ {
			page, more := Page(tx, c.Organization, c.Workspace, in.Kind, after, in.Limit-len(out.Items))
			for _, a := range page {
				if v := f.view(tx, a); !in.Unused || v.UsedIn == 0 {
					out.Items = append(out.Items, *v)
				}
				after = a.ID
			}
			if out.NextCursor = ""; !more {
				return nil
			}
			out.NextCursor = c.Cursor(after[:])
		}
		return nil
	})
	return out, err
}

func (f *Files) read(ctx context.Context, c op.Call, in *AssetPath) (*AssetView, error) {
	var out *AssetView
	err := f.db.View(ctx, func(tx store.ReadTx) error {
		a, err := Get(tx, c.Organization, c.Workspace, in.Asset)
		if err == nil {
			out = f.view(tx, a)
		}
		return err
	})
	return out, err
}

func act(action audit.Action, a Asset) op.Act {
	return op.Act{Action: action, On: audit.Thing{Kind: "asset", ID: a.ID.String()}, Private: map[string]string{"name": a.Name}, Change: event.Change{Version: a.Version}}
}

// upload takes a whole file and waits a while for the verdict: who sends a damaged file in one request is told at once.
func (f *Files) upload(ctx context.Context, c op.Call, _ *op.WorkspacePath) (*AssetView, error) {
	n := NewUpload{Organization: c.Organization, Workspace: c.Workspace, By: c.Actor.Identity}
	part, err := f.filePart(c, &n)
	if err != nil {
		return nil, err
	}
	a, err := f.Receive(ctx, n, part)
	if err != nil {
		return nil, err
	}
	wait, cancel := context.WithTimeout(ctx, verdictIn)
	defer cancel()
	if settled, err := f.Await(wait, a); err == nil {
		a = settled
	}
	if why := a.Why(); why != nil {
		return nil, errors.Join(why.At("/file", why.Message), f.forget(context.WithoutCancel(ctx), a))
	}
	return op.Do(ctx, f.db, c, func(tx store.Tx) (*AssetView, error) {
		op.Write(tx, c, act("asset.created", a))
		return f.view(tx, a), nil
	})
}

// filePart finds the part named file; values before it are read on the way.
func (f *Files) filePart(c op.Call, n *NewUpload) (io.Reader, error) {
	kind, params, err := mime.ParseMediaType(c.Header("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		return nil, ErrForm
	}
	r := multipart.NewReader(c.Body, params["boundary"])
	for {
		p, err := r.NextPart()
		if err != nil {
			return nil, ErrForm.Because(err)
		}
		switch p.FormName() {
		case "file":
			n.Name = p.FileName()
			return p, nil
		case "alt":
			raw, err := io.ReadAll(io.LimitReader(p, 4*MaxAlt+1))
			if err != nil || len(raw) > 4*MaxAlt {
				return nil, ErrAlt
			}
			n.Alt = string(raw)
		default:
			return nil, ErrForm.At("/"+p.FormName(), "there is no such part")
		}
	}
}

func (f *Files) begin(ctx context.Context, c op.Call, in *beginInput) (*UploadView, error) {
	return op.Do(ctx, f.db, c, func(tx store.Tx) (*UploadView, error) {
		u, a, err := f.Begin(tx, NewUpload{Organization: c.Organization, Workspace: c.Workspace, By: c.Actor.Identity, Name: in.Body.Name, Alt: in.Body.Alt, Bytes: in.Body.Bytes})
		if err != nil {
			return nil, err
		}
		op.Write(tx, c, act("asset.created", a))
		return &UploadView{ID: u.ID, Bytes: u.Bytes, Asset: *f.view(tx, a)}, nil
	})
}

func (f *Files) appendBytes(ctx context.Context, c op.Call, in *appendInput) (*UploadView, error) {
	offset, err := strconv.ParseInt(in.Offset, 10, 64)
	if err != nil || offset < 0 {
		return nil, ErrOffsetIn.At("Upload-Offset", "a whole number of bytes")
	}
	u, a, err := f.Append(ctx, c.Organization, c.Workspace, in.Upload, offset, c.Body)
	if err != nil {
		return nil, err
	}
	return f.uploadView(ctx, c, u, a)
}

func (f *Files) progress(ctx context.Context, c op.Call, in *UploadPath) (*UploadView, error) {
	var u Upload
	var a Asset
	err := f.db.View(ctx, func(tx store.ReadTx) (err error) {
		if u, err = FindUpload(tx, c.Organization, c.Workspace, in.Upload); err == nil {
			a, err = Get(tx, c.Organization, c.Workspace, u.Asset)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return f.uploadView(ctx, c, u, a)
}

func (f *Files) uploadView(ctx context.Context, c op.Call, u Upload, a Asset) (*UploadView, error) {
	out := &UploadView{ID: u.ID, Offset: u.Offset(), Bytes: u.Bytes}
	c.SetHeader("Upload-Offset", strconv.FormatInt(out.Offset, 10))
	return out, f.db.View(ctx, func(tx store.ReadTx) error {
		out.Asset = *f.view(tx, a)
		return nil
	})
}

func (f *Files) change(ctx context.Context, c op.Call, in *changeInput) (*AssetView, error) {
	return op.Do(ctx, f.db, c, func(tx store.Tx) (*AssetView, error) {
		a, err := Get(tx, c.Organization, c.Workspace, in.Asset)
		if err != nil {
			return nil, err
		}
		if err := c.Matches(a.Version, f.view(tx, a)); err != nil {
			return nil, err
		}
		if a, err = Change(tx, c.Organization, c.Workspace, in.Asset, 0, Edit{Name: in.Body.Name, Alt: in.Body.Alt}); err != nil {
			return nil, err
		}
		op.Write(tx, c, act("asset.changed", a))
		return f.view(tx, a), nil
	})
}

func (f *Files) deleteAsset(ctx context.Context, c op.Call, in *AssetPath) (*op.None, error) {
	return op.Do(ctx, f.db, c, func(tx store.Tx) (*op.None, error) {
		a, err := Get(tx, c.Organization, c.Workspace, in.Asset)
		if err != nil {
			return nil, err
		}
		if err := c.Matches(a.Version, f.view(tx, a)); err != nil {
			return nil, err
		}
		if a, err = f.Delete(tx, c.Organization, c.Workspace, in.Asset, 0); err != nil {
			return nil, err
		}
		op.Write(tx, c, act("asset.deleted", a))
		return &op.None{}, nil
	})
}

func (f *Files) file(ctx context.Context, c op.Call, in *fileInput) (*op.File, error) {
	return f.Opened(ctx, c.Organization, c.Workspace, in.Asset, in.Rendition)
}

// Opened opens one form of a file of the workspace.
func (f *Files) Opened(ctx context.Context, o ref.Organization, w ref.Workspace, id ref.Asset, r Rendition) (*op.File, error) {
	var a Asset
	err := f.db.View(ctx, func(tx store.ReadTx) (err error) {
		a, err = Get(tx, o, w, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	// The answer is streamed after the operation returned, so its reading outlives the request's context.
	opened, err := f.Open(context.WithoutCancel(ctx), a, r)
	if err != nil {
		return nil, fmt.Errorf("open %s of %s: %w", r, a.ID, err)
	}
	return &op.File{Name: opened.AssetName, MIME: opened.Copy.MIME, Size: opened.Size(), ETag: strconv.Quote(opened.Tag), From: opened.Reader()}, nil
}
