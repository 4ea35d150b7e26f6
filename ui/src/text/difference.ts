/** A word difference of two texts, by the longest common run of words. Long texts fall back to whole lines. */
export interface Piece {
  kind: 'same' | 'added' | 'removed';
  text: string;
}

/** The pieces in order: what stayed, what was added, what was removed. */
export function difference(before: string, after: string): Piece[] {
  const cut = before.length + after.length > 6000 ? /(\n)/ : /(\s+)/;
  const a = before.split(cut).filter(Boolean);
  const b = after.split(cut).filter(Boolean);
  const long = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      long[i]![j] = a[i] === b[j] ? long[i + 1]![j + 1]! + 1 : Math.max(long[i + 1]![j]!, long[i]![j + 1]!);
    }
  }
  const pieces: Piece[] = [];
  const push = (kind: Piece['kind'], text: string) => {
    const last = pieces.at(-1);
    if (last?.kind === kind) last.text += text;
    else pieces.push({ kind, text });
  };
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      push('same', a[i]!);
      i++;
      j++;
    } else if (j >= b.length || (i < a.length && long[i + 1]![j]! >= long[i]![j + 1]!)) push('removed', a[i++]!);
    else push('added', b[j++]!);
  }
  return pieces;
}
