package text

import "strings"

// endings are the ends of a domain by which an address without a scheme is known: those of countries and the common others.
//
// Source: twitter-text configuration 3, which takes any registered one.
//
// Caveats: a rarer ending is only known with https:// before it. The browser has the same list.
var endings = func() map[string]bool {
	out := map[string]bool{}
	for _, e := range strings.Fields(countries + " " + others) {
		out[e] = true
	}
	return out
}()

const (
	countries = "ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo br bs bt bv bw by bz ca cc cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg er es et eu fi fj fk fm fo fr ga gb gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu id ie il im in io iq ir is it je jm jo jp ke kg kh ki km kn kp kr kw ky kz la lb lc li lk lr ls lt lu lv ly ma mc md me mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx my mz na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs ru rw sa sb sc sd se sg sh si sj sk sl sm sn so sr ss st su sv sx sy sz tc td tf tg th tj tk tl tm tn to tr tt tv tw tz ua ug uk us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw"
	others    = "academy agency app art asia audio band bank bar beauty berlin bike biz blog build cafe capital care cars cat center church city click cloud club codes com community company consulting design dev digital directory dog earth eco edu education email energy engineering events exchange expert farm fashion film finance fitness foundation fund fun gallery games garden global gov green group guide health hosting house info international investments jobs land law legal life link live london love ltd market marketing media mil mobi money movie museum music name net network news ngo nyc online org page paris partners party pet photo photos pizza plus press pro productions run sale school science services shop show site social software solutions space sports store studio style support systems team tech technology theater tips today tools top tours toys training travel university ventures video vision wedding website wiki work works world xyz yoga zone"
)

// withBare adds the addresses without a scheme that stand between the spans.
func withBare(s string, spans []Span) []Span {
	out := make([]Span, 0, len(spans))
	at := Offset{}
	gap := func(end int) {
		for i := at.Byte; i < end; {
			n := 0
			if i == 0 || !gluesBefore(s[i-1]) {
				n = bareLength(s[i:end])
			}
			if n == 0 {
				i++
				continue
			}
			start := at.over(s, i-at.Byte)
			at = start.over(s, n)
			out = append(out, Span{Kind: Link, Value: s[i : i+n], Start: start, End: at})
			i += n
		}
	}
	for _, span := range spans {
		if span.Kind != Link {
			continue // @name.example is no address, and can't be taken for one: @ glues
		}
		gap(span.Start.Byte)
		out = append(out, span)
		at = span.End
	}
	gap(len(s))
	return out
}

// gluesBefore says that no address begins right after this sign.
func gluesBefore(c byte) bool { return isPlain(c) || strings.IndexByte("@$#_-./", c) >= 0 }

func isPlain(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// bareLength is the bytes of the address without a scheme at the beginning of s, 0 if there is none.
func bareLength(s string) int {
	end, labels, from := 0, 0, 0
	for i := 0; ; i++ {
		if i < len(s) && (isPlain(s[i]) || (s[i] == '-' || s[i] == '_') && i > from) {
			continue
		}
		if i == from {
			break
		}
		labels++
		if labels > 1 && endings[strings.ToLower(s[from:i])] && (i == len(s) || s[i] != '@' && s[i] != '+') {
			end = i
		}
		if i == len(s) || s[i] != '.' {
			break
		}
		from = i + 1
	}
	if end == 0 || end == len(s) || strings.IndexByte("/?#:", s[end]) < 0 {
		return end
	}
	if whole := linkLength("https://" + s); whole > len("https://")+end {
		return whole - len("https://")
	}
	return end
}

// HasLink says that the platform that counts this way finds an address in s.
func (c Count) HasLink(s string) bool {
	for _, span := range c.spans(s) {
		if span.Kind == Link {
			return true
		}
	}
	return false
}

// spans are what this way of counting finds.
func (c Count) spans(s string) []Span {
	if c == Weighted {
		return withBare(s, Find(s))
	}
	return Find(s)
}
