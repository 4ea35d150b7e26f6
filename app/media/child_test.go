package media

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"image"
	"image/png"
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

// aLargePNG has so many pixels, all of them black.
func aLargePNG(t testing.TB, w, h int) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := 3; i < len(img.Pix); i += 4 {
		img.Pix[i] = 255
	}
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func swallow(_ Copy, r io.Reader) error { _, err := io.Copy(io.Discard, r); return err }

func withLimits(t *testing.T, l limits) {
	old := childLimits
	childLimits = l
	t.Cleanup(func() { childLimits = old })
}

func TestAChildThatNeedsTooMuchIsAVerdict(t *testing.T) {
	content := aLargePNG(t, 3000, 2400)
	for name, l := range map[string]limits{
		"memory": {memory: 40 << 20, time: time.Minute},
		"time":   {memory: 1 << 30, time: time.Millisecond},
	} {
		withLimits(t, l)
		_, err := childPicture(t.Context(), "image/png", bytes.NewReader(content), int64(len(content)), swallow)
		if !errors.Is(err, ErrHeavy) {
			t.Errorf("%s: %v", name, err)
		}
	}
	withLimits(t, limits{memory: 1 << 30, time: time.Minute})
	f, err := childPicture(t.Context(), "image/png", bytes.NewReader(content), int64(len(content)), swallow)
	if err != nil || f.Width != 3000 {
		t.Errorf("with enough of both: %+v %v", f, err)
	}
}

func TestAChildThatWeEndIsNoVerdict(t *testing.T) {
	content := aLargePNG(t, 400, 300)
	ctx, cancel := context.WithCancel(t.Context())
	broken := errors.New("the disk is full")
	_, err := childPicture(ctx, "image/png", bytes.NewReader(content), int64(len(content)), func(Copy, io.Reader) error { return broken })
	if !errors.Is(err, broken) {
		t.Errorf("a form that can't be stored: %v", err)
	}
	cancel()
	if _, err = childPicture(ctx, "image/png", bytes.NewReader(content), int64(len(content)), swallow); !errors.Is(err, context.Canceled) || verdictOf(err) != nil {
		t.Errorf("at the end of our own: %v", err)
	}
}

func TestAChildsAnswerIsNotTrusted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer string
		want   error
	}{
		"nothing":           {"", &deafError{}},
		"noise":             {"libheif: warning\n", &deafError{}},
		"a line too long":   {strings.Repeat("x", maxLine+1), &deafError{}},
		"half a form":       {`{"copy":{"name":"thumb","bytes":10}}` + "\nabc", &deafError{}},
		"a form and no end": {`{"copy":{"name":"thumb","bytes":3}}` + "\nabc", &deafError{}},
		"a verdict":         {`{"problem":"media_pixels","cause":"x"}` + "\n", ErrPixels},
		"an unknown one":    {`{"problem":"rm -rf"}` + "\n", ErrCorrupt},
		"an end":            {`{"copy":{"name":"thumb","bytes":3}}` + "\nabc" + `{"facts":{"kind":"image"}}` + "\n", nil},
	} {
		f, err := hear(strings.NewReader(c.answer), swallow)
		var deaf, wantDeaf *deafError
		if errors.As(c.want, &wantDeaf) && !errors.As(err, &deaf) || wantDeaf == nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if c.want == nil && f.Kind != Image {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

func TestAChildTakesOneFile(t *testing.T) {
	t.Parallel()
	line, err := json.Marshal(task{"image/png", 10})
	if err != nil {
		t.Fatal(err)
	}
	for name, in := range map[string]string{
		"nothing":   "",
		"no task":   "hello\n",
		"half":      string(line) + "\nabc",
		"too large": `{"mime":"image/png","size":99999999999}` + "\n",
		"negative":  `{"mime":"image/png","size":-1}` + "\n",
	} {
		if err := answer(strings.NewReader(in), io.Discard); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	var out bytes.Buffer
	if err := answer(strings.NewReader(string(line)+"\n0123456789"), &out); err != nil || !strings.Contains(out.String(), ErrCorrupt.Code) {
		t.Errorf("ten digits: %s %v", out.String(), err)
	}
}

func TestTheEnvironmentIsNotHandedOn(t *testing.T) {
	t.Setenv("OMNIPOSTO_CANARY", "secret")
	cmd, _, err := startChild(t.Context(), task{"image/png", 0}, bytes.NewReader(nil))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range cmd.Env {
		if strings.Contains(line, "secret") || strings.HasPrefix(line, "PATH=") {
			t.Errorf("%s is handed on", line)
		}
	}
	if os.Getenv(childMark) != "" {
		t.Error("this process counts as a child")
	}
	for _, text := range []string{"", "1", "x,y", "5"} {
		if _, child := parseLimits(text); child {
			t.Errorf("%q makes a child", text)
		}
	}
}
