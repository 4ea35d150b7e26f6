package conform

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

// alphabets are the signs that limits are tried with: one byte, three bytes, and one that a person calls one.
var alphabets = []struct{ name, sign string }{{"ascii", "a"}, {"japanese", "字"}, {"families", "👨‍👩‍👧‍👦"}}

// unlimited is how long a text is made where the Spec has no limit.
const unlimited = 1500

// draft is a plain post of this kind: words with a link and a mention, and two files where the kind takes some.
func (b *bench) draft(k connector.Kind) connector.Draft {
	d := b.bare(k)
	if k.Text.Count != "" {
		d.Text = fmt.Sprintf("Hello %d from here https://example.com/page @friend.example", b.s.nextSerial())
	}
	d.Media = b.media(k, max(int(k.MinMedia.In(b.channel.Facts)), min(2, b.maxFiles(k))))
	return d
}

// bare is a draft without text and files.
func (b *bench) bare(k connector.Kind) connector.Draft {
	n := b.s.nextSerial()
	d := connector.Draft{
		Key: fmt.Sprintf("%032x", n*7919), Kind: k.ID, Role: connector.Post, At: b.clock.Now(), Channel: b.channel,
		Settings: b.settings(k),
	}
	if len(k.Roles) > 0 {
		d.Role = k.Roles[0]
	}
	return d
}

// least is the smallest that the kind takes: no text where files can stand alone.
func (b *bench) least(k connector.Kind) connector.Draft {
	d := b.bare(k)
	d.Media = b.media(k, int(k.MinMedia.In(b.channel.Facts)))
	if k.Text.Count != "" && (k.Text.Must || len(d.Media) == 0) {
		d.Text = fmt.Sprintf("Hi %d", b.s.nextSerial())
	}
	return d
}

// most is the largest that the kind takes.
func (b *bench) most(k connector.Kind) connector.Draft {
	d := b.draft(k)
	d.Text = b.longAfter(k, fmt.Sprintf("%d https://example.com/page @friend.example #tag ", b.s.nextSerial()), "a", 0)
	d.Media = b.media(k, b.maxFiles(k))
	for i := range d.Media {
		d.Media[i].Alt = b.alt(k, &d.Media[i], 0)
	}
	return d
}

// follow gives a draft of a kind that follows another post something to follow.
func (b *bench) follow(d connector.Draft) connector.Draft {
	if d.Role == connector.Post || d.Parent != nil {
		return d
	}
	k, _ := b.spec.Kind(d.Kind)
	if k = b.opening(k); !b.opens(k) {
		return d
	}
	l := b.life(b.draft(k)).run()
	d.Parent, d.Root = &l.receipt, &l.receipt
	b.known[l.receipt.ID] = true
	return d
}

// opening is the kind itself where it can stand first, else the first kind that can.
func (b *bench) opening(k connector.Kind) connector.Kind {
	if i := slices.IndexFunc(b.spec.Kinds, b.opens); i >= 0 && !b.opens(k) {
		return b.spec.Kinds[i]
	}
	return k
}

func (b *bench) opens(k connector.Kind) bool {
	return (k.Roles == nil || slices.Contains(k.Roles, connector.Post)) && (k.Via == nil || contains(k.Via, b.channel.Way))
}

// long is the longest text of this sign that the kind takes, and over signs more.
func (b *bench) long(k connector.Kind, sign string, over int) string {
	return b.longAfter(k, fmt.Sprintf("%d ", b.s.nextSerial()), sign, over)
}

func (b *bench) longAfter(k connector.Kind, prefix, sign string, over int) string {
	if k.Text.Count == "" {
		return ""
	}
	most := int(k.Text.Max.In(b.channel.Facts))
	if most == 0 {
		most = unlimited
	}
	fits := func(s string) bool {
		return k.Text.Count.Length(s, int(k.Text.Link.In(b.channel.Facts))) <= most && (k.Text.MaxBytes == 0 || len(s) <= k.Text.MaxBytes)
	}
	n, step := 0, 1
	for step < most {
		step *= 2
	}
	for ; step > 0; step /= 2 {
		if fits(prefix + strings.Repeat(sign, n+step)) {
			n += step
		}
	}
	s := prefix + strings.Repeat(sign, n)
	for fits(s + "b") {
		s += "b"
	}
	return s + strings.Repeat("c", over)
}

// maxFiles is how many files the kind takes; some where it takes any number.
func (b *bench) maxFiles(k connector.Kind) int {
	if k.MaxMedia == connector.Any {
		return 5
	}
	return int(k.MaxMedia.In(b.channel.Facts))
}

// alt is the longest alt text of a file, and over signs more; "" where there is none.
func (b *bench) alt(k connector.Kind, m *connector.Media, over int) string {
	for _, r := range k.Media {
		if r.Type != m.Type || r.Alt == connector.NoAlt || r.Alt == (connector.Num{}) {
			continue
		}
		return strings.Repeat("é", int(r.Alt.In(b.channel.Facts))) + strings.Repeat("x", over)
	}
	return ""
}

// media makes n files that the kind takes, of all its types in turn.
func (b *bench) media(k connector.Kind, n int) []connector.Media {
	if len(k.Media) == 0 {
		return nil
	}
	out := make([]connector.Media, n)
	per := map[connector.MediaType]int64{}
	for i := range out {
		r := k.Media[i%len(k.Media)]
		for range k.Media {
			if most := r.MaxCount.In(b.channel.Facts); most == 0 || per[r.Type] < most {
				break
			}
			r = k.Media[(slices.IndexFunc(k.Media, func(o connector.MediaRule) bool { return o.Type == r.Type })+1)%len(k.Media)]
		}
		per[r.Type]++
		out[i] = b.file(r, i)
	}
	return out
}

// file makes one file of a rule.
func (b *bench) file(r connector.MediaRule, i int) connector.Media {
	size := max(300+int64(i), r.MinBytes.In(b.channel.Facts))
	m := connector.Media{
		ID: fmt.Sprintf("ast_%026d", b.s.nextSerial()), Name: fmt.Sprintf("file-%d.%s", i, extension(r)), MIME: b.mime(r), Type: r.Type,
		Size: size, Width: 640, Height: 480, Alt: "",
	}
	if r.Alt != connector.NoAlt && r.Alt != (connector.Num{}) {
		m.Alt = fmt.Sprintf("What file %d shows", i)
	}
	if ratio := float64(m.Width) / float64(m.Height); r.MinAspect > ratio || r.MaxAspect > 0 && r.MaxAspect < ratio {
		m.Width, m.Height = 480, 480
	}
	if r.Type == connector.VideoFile || r.Type == connector.Audio {
		m.Length = max(r.MinLength, 5*time.Second)
	}
	if r.Type == connector.Audio || r.Type == connector.DocumentPDF {
		m.Width, m.Height = 0, 0
	}
	m.File = pattern{seed: byte(b.s.nextSerial()), size: size}
	return m
}

func (b *bench) mime(r connector.MediaRule) string {
	if list := strings.Fields(b.channel.More[r.MIMEFrom]); r.MIMEFrom != "" && len(list) > 0 {
		for _, m := range list {
			if slices.Contains(r.MIME, m) {
				return m
			}
		}
	}
	if len(r.MIME) > 0 {
		return r.MIME[0]
	}
	return map[connector.MediaType]string{
		connector.Image: "image/jpeg", connector.GIF: "image/gif", connector.VideoFile: "video/mp4", connector.Audio: "audio/mpeg",
	}[r.Type]
}

func extension(r connector.MediaRule) string {
	return map[connector.MediaType]string{
		connector.Image: "jpg", connector.GIF: "gif", connector.VideoFile: "mp4", connector.Audio: "mp3", connector.DocumentPDF: "pdf",
	}[r.Type]
}

// pattern is a file without bytes of its own: each byte follows from its place.
type pattern struct {
	seed byte
	size int64
}

// ReadAt implements io.ReaderAt.
func (p pattern) ReadAt(to []byte, at int64) (int, error) {
	n := min(int64(len(to)), p.size-at)
	for i := range max(n, 0) {
		to[i] = byte(at+i)*31 + p.seed
	}
	if n < int64(len(to)) {
		return int(max(n, 0)), errEnd
	}
	return int(n), nil
}

// settings chooses what must be chosen.
func (b *bench) settings(k connector.Kind) json.RawMessage {
	values := map[string]any{}
	for _, f := range b.spec.Settings {
		if f.Must && f.Default == nil && f.When == nil && (f.Kinds == nil || slices.Contains(f.Kinds, k.ID)) && (f.IfFact == "" || b.channel.Facts[f.IfFact] != 0) {
			values[f.Name] = b.value(f)
		}
	}
	if len(values) == 0 {
		return nil
	}
	raw, err := json.Marshal(values)
	if err != nil {
		panic(err)
	}
	return raw
}

func (b *bench) value(f connector.Field) any {
	switch f.Kind {
	case connector.FieldNumber:
		return f.Min
	case connector.FieldFlag:
		return false
	case connector.FieldChoice:
		return f.Options[0].ID
	case connector.FieldURL:
		return "https://example.com/a"
	case connector.FieldDateTime:
		return start.Format(time.RFC3339)
	case connector.FieldColor:
		return "#1d9bf0"
	case connector.FieldAsset:
		return "ast_" + strings.Repeat("0", 26)
	case connector.FieldWords:
		return slices.Repeat([]string{"word"}, int(max(f.Min, 1)))
	case connector.FieldLookup:
		return b.option(f)
	case connector.FieldList:
		entry := map[string]any{}
		for _, inner := range f.Items {
			if inner.Must && inner.Default == nil {
				entry[inner.Name] = b.value(inner)
			}
		}
		return []any{entry}
	}
	return strings.Repeat("t", int(max(f.Min, 5)))
}

// option asks the platform, as a person's form does.
func (b *bench) option(f connector.Field) any {
	looks, ok := b.pub.(connector.Lookuper)
	if !ok {
		return "1"
	}
	g := b.grip()
	options, err := connector.Do(context.Background(), b.pub, b.channel, &g, "lookup", func(ctx context.Context, c *connector.Call) ([]connector.Option, error) {
		return looks.Lookup(ctx, c, f.Lookup, "", nil)
	})
	if err != nil || len(options) == 0 {
		b.s.fail(f.Name, "the look-up %s gives nothing: %v", f.Lookup, err)
		return "1"
	}
	chosen := connector.Option{ID: options[0].ID, Label: options[0].Label} // what is kept of a choice
	if f.Max > 1 {
		return []any{chosen}
	}
	return chosen
}

// asPost makes a draft the first of a thread, with what posts of its kind must have chosen.
func (b *bench) asPost(d connector.Draft) connector.Draft {
	d.Role, d.Kind = connector.Post, ""
	if k, ok := b.spec.KindFor(&d); ok {
		d.Settings = b.settings(k)
	}
	return d
}

// counted is the text as its platform may show it, for comparing.
func counted(s string) string {
	plain, _ := text.Parse(s)
	return strings.Join(strings.Fields(plain), " ")
}
