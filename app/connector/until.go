package connector

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// believed is how far ahead an instant may lie that a platform names.
const believed = 24 * time.Hour

// read gives the instant, or the zero time when there is none that can be believed.
func (u Until) read(a *answer, now time.Time) time.Time {
	if at, ok := u.named(a, now); ok && at.After(now) && !at.After(now.Add(believed)) {
		return at
	}
	if u.Next != "" {
		return nextMidnight(u.Next, now)
	}
	if u.Else > 0 {
		return now.Add(u.Else)
	}
	return time.Time{}
}

func (u Until) named(a *answer, now time.Time) (time.Time, bool) {
	if u.Header != "" {
		if at, ok := u.As.parse(u.inHeader(a.header.Get(u.Header)), now); ok {
			return at, true
		}
	}
	if u.Path != "" {
		if s, ok := lookIn(a.json, u.Path); ok {
			if at, ok := u.As.parse(s, now); ok {
				return at, true
			}
		}
	}
	if u.Words != "" {
		return inWords(u.Words, a.body, now)
	}
	return time.Time{}, false
}

// inHeader is the part of a header that is the value.
func (u Until) inHeader(s string) string {
	if u.Find == "" {
		return s
	}
	if m := regexp.MustCompile(u.Find).FindStringSubmatch(s); len(m) > 1 {
		return m[1]
	}
	return ""
}

func (as As) parse(s string, now time.Time) (time.Time, bool) {
	s = strings.TrimSpace(s)
	if as == RFC3339 {
		at, err := time.Parse(time.RFC3339, s)
		return at.UTC(), err == nil
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil {
		at, err := http.ParseTime(s) // Retry-After may be a date
		return at.UTC(), err == nil
	}
	if n < 0 || n > 1e14 {
		return time.Time{}, false
	}
	switch as {
	case Millis:
		return now.Add(time.Duration(n * float64(time.Millisecond))), n < 1e12
	case Minutes:
		return now.Add(time.Duration(n * float64(time.Minute))), n < 1e7
	case Unix:
		return time.UnixMilli(int64(n * 1000)).UTC(), true
	default:
		return now.Add(time.Duration(n * float64(time.Second))), n < 1e9
	}
}

var units = map[string]time.Duration{"sec": time.Second, "min": time.Minute, "hou": time.Hour, "day": 24 * time.Hour}

func inWords(pattern string, body []byte, now time.Time) (time.Time, bool) {
	m := regexp.MustCompile(pattern).FindSubmatch(body)
	if len(m) < 2 {
		return time.Time{}, false
	}
	n, err := strconv.ParseInt(string(m[1]), 10, 32)
	if err != nil {
		return time.Time{}, false
	}
	unit := time.Second
	if len(m) > 2 && len(m[2]) >= 3 {
		if u, ok := units[strings.ToLower(string(m[2][:3]))]; ok {
			unit = u
		}
	}
	return now.Add(time.Duration(n) * unit), true
}

// nextMidnight is when a day's quota begins anew in that place.
func nextMidnight(place string, now time.Time) time.Time {
	zone := time.UTC
	if place == "pacific" {
		if z, err := time.LoadLocation("America/Los_Angeles"); err == nil {
			zone = z
		} else {
			zone = time.FixedZone("PST", -8*3600)
		}
	}
	y, m, d := now.In(zone).Date()
	return time.Date(y, m, d+1, 0, 0, 0, 0, zone).UTC()
}
