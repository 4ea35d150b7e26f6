package media

import (
	"cmp"
	"io"
	"slices"
)

// film is what is found out about a video, and how to clean it.
type film struct {
	facts
	patches []patch
	end     int64 // what stands behind is no part of the film and is cut off
}

// patch is a part of a file that is written over; everything else stays where it is.
type patch struct {
	at, n int64
	bytes []byte // shorter than n: zeros follow
}

// lookFilm reads a video's headers and plans its cleaning. A reader that panics means a damaged file.
func lookFilm(mime string, r io.ReaderAt, size int64) (f film, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = ErrCorrupt
		}
	}()
	if mime == "video/webm" {
		f, err = lookWebM(r, size)
	} else {
		f, err = lookMP4(r, size)
	}
	f.Kind, f.MIME = Video, mime
	switch {
	case err != nil:
		return f, err
	case f.Width <= 0 || f.Height <= 0:
		return f, ErrNoPicture
	case f.Width > MaxSide || f.Height > MaxSide:
		return f, ErrSides
	case f.Duration <= 0:
		return f, ErrCorrupt
	}
	f.patches = inOrder(f.patches)
	return f, nil
}

// inOrder sorts patches and drops those that lie within an earlier, larger one.
func inOrder(list []patch) []patch {
	slices.SortStableFunc(list, func(a, b patch) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(b.n, a.n))
	})
	var out []patch
	var end int64
	for _, p := range list {
		if p.at >= end {
			out = append(out, p)
			end = p.at + p.n
		} else if p.at+p.n > end { // what reaches beyond is blanked as well
			out = append(out, patch{at: end, n: p.at + p.n - end})
			end = p.at + p.n
		}
	}
	return out
}

// cleaned reads the film with its patches in place. seen gets every byte of the file as it came, to its end.
type cleaned struct {
	src     io.Reader
	patches []patch
	at, end int64
	seen    io.Writer
}

// Read implements io.Reader.
func (c *cleaned) Read(p []byte) (int, error) {
	for {
		n, err := c.src.Read(p)
		_, _ = c.seen.Write(p[:n])
		from := c.at
		c.at += int64(n)
		c.over(p[:n], from)
		if keep := max(min(c.end-from, int64(n)), 0); keep > 0 || err != nil {
			return int(keep), err
		}
	}
}

// over writes the patches into bytes that begin at an offset of the file.
func (c *cleaned) over(p []byte, from int64) {
	to := from + int64(len(p))
	for len(c.patches) > 0 {
		q := c.patches[0]
		if q.at >= to {
			return
		}
		for i := max(q.at, from); i < min(q.at+q.n, to); i++ {
			b := byte(0)
			if k := i - q.at; k < int64(len(q.bytes)) {
				b = q.bytes[k]
			}
			p[i-from] = b
		}
		if q.at+q.n > to {
			return
		}
		c.patches = c.patches[1:]
	}
}
