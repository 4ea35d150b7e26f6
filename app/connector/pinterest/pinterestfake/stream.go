package pinterestfake

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"strconv"

	"github.com/omniposto/omniposto/app/connector/fake"
)

// unfiled reads JSON whose strings under data and cover_image_data are files in base64. It measures the files as they
// pass and leaves their numbers in their places.
func unfiled(r io.Reader, into any) ([]fake.File, error) {
	in := bufio.NewReader(r)
	var kept, word bytes.Buffer
	var files []fake.File
	inside, key := false, ""
	for {
		c, err := in.ReadByte()
		if err == io.EOF {
			return files, json.Unmarshal(kept.Bytes(), into)
		}
		if err != nil {
			return nil, err
		}
		switch {
		case c == '"' && !inside && (key == "data" || key == "cover_image_data"):
			size, sum, err := fake.Measure(base64.NewDecoder(base64.StdEncoding, &untilQuote{r: in}))
			if err != nil {
				return nil, err
			}
			kept.WriteString(strconv.Quote(strconv.Itoa(len(files))))
			files, key = append(files, fake.File{Size: size, Sum: sum}), ""
			continue
		case c == '"' && inside:
			inside, key = false, word.String()
		case c == '"':
			inside = true
			word.Reset()
		case inside && c == '\\':
			kept.WriteByte(c)
			if c, err = in.ReadByte(); err != nil {
				return nil, err
			}
		case inside:
			word.WriteByte(c)
		case c == ',' || c == '{' || c == '[':
			key = ""
		}
		kept.WriteByte(c)
	}
}

// untilQuote ends where a string does, and takes its quote.
type untilQuote struct {
	r    *bufio.Reader
	over bool
}

// Read implements io.Reader.
func (u *untilQuote) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) && !u.over {
		c, err := u.r.ReadByte()
		if err != nil {
			return n, err
		}
		if c == '"' {
			u.over = true
			break
		}
		p[n] = c
		n++
	}
	if n == 0 && u.over {
		return 0, io.EOF
	}
	return n, nil
}
