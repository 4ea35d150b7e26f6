/**
 * A hint while typing, not a judge: the server measures a password properly when it comes. Length counts most, then kinds of signs;
 * repeated signs, runs and the person's own words count little.
 */
const common = /pass|word|qwert|asdf|letmein|admin|welcome|12345|abc|omni|posto|iloveyou/i;

/** The fewest signs of a password that is all there is to sign in with; with a second factor the server takes twelve. */
export const fewest = 15;

/** 0 (none) to 4 (strong). */
export function strength(password: string, own: string[] = []): number {
  if (!password) return 0;
  let text = password;
  for (const word of own.flatMap((one) => one.split(/[\s@.]+/))) {
    if (word.length > 2) text = text.replaceAll(new RegExp(word.replace(/[^\p{L}\p{N}]/gu, ''), 'giu'), '');
  }
  text = text.replace(/(.)\1{2,}/gu, '$1').replace(common, '');
  const kinds = [/\p{Ll}/u, /\p{Lu}/u, /\p{N}/u, /[^\p{L}\p{N}]/u].filter((kind) => kind.test(text)).length;
  const score = [...text].length + kinds * 2;
  if ([...password].length < fewest) return 1;
  return score < 13 ? 1 : score < 17 ? 2 : score < 21 ? 3 : 4;
}
