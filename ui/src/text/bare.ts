/**
 * Addresses without a scheme, which X takes for links: the same list and the same answers as app/connector/text/bare.go.
 * A rarer ending is only known with https:// before it.
 */
import { linkLength, type Span } from './spans';

const countries =
  'ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo br bs bt bv bw by bz ca cc cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg er es et eu fi fj fk fm fo fr ga gb gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu id ie il im in io iq ir is it je jm jo jp ke kg kh ki km kn kp kr kw ky kz la lb lc li lk lr ls lt lu lv ly ma mc md me mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx my mz na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs ru rw sa sb sc sd se sg sh si sj sk sl sm sn so sr ss st su sv sx sy sz tc td tf tg th tj tk tl tm tn to tr tt tv tw tz ua ug uk us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw';
const others =
  'academy agency app art asia audio band bank bar beauty berlin bike biz blog build cafe capital care cars cat center church city click cloud club codes com community company consulting design dev digital directory dog earth eco edu education email energy engineering events exchange expert farm fashion film finance fitness foundation fund fun gallery games garden global gov green group guide health hosting house info international investments jobs land law legal life link live london love ltd market marketing media mil mobi money movie museum music name net network news ngo nyc online org page paris partners party pet photo photos pizza plus press pro productions run sale school science services shop show site social software solutions space sports store studio style support systems team tech technology theater tips today tools top tours toys training travel university ventures video vision wedding website wiki work works world xyz yoga zone';
const endings = new Set(`${countries} ${others}`.split(' '));

/** Adds the addresses without a scheme that stand between the spans. */
export function withBare(text: string, spans: Span[]): Span[] {
  const found: Span[] = [];
  let at = 0;
  const gap = (end: number): void => {
    for (let i = at; i < end;) {
      const length = i > 0 && /[a-z0-9@$#_\-./]/i.test(text[i - 1]!) ? 0 : bareLength(text.slice(i, end));
      if (length) found.push({ kind: 'link', value: text.slice(i, i + length), start: i, end: i + length });
      i += length || 1;
    }
  };
  for (const span of spans) {
    // @name.example is no address, and can't be taken for one: the @ glues.
    if (span.kind !== 'link') continue;
    gap(span.start);
    found.push(span);
    at = span.end;
  }
  gap(text.length);
  return found;
}

/** The length of the address without a scheme at the beginning, 0 if there is none. */
function bareLength(text: string): number {
  let end = 0;
  let from = 0;
  for (let labels = 1; ; labels++) {
    const label = /^[a-z0-9][a-z0-9_-]*/i.exec(text.slice(from))?.[0] ?? '';
    if (!label) break;
    const to = from + label.length;
    if (labels > 1 && endings.has(label.toLowerCase()) && !/[@+]/.test(text[to] ?? '')) end = to;
    if (text[to] !== '.') break;
    from = to + 1;
  }
  if (!end || !/[/?#:]/.test(text[end] ?? '')) return end;
  return Math.max(end, linkLength(`https://${text}`) - 'https://'.length);
}
