/**
 * One value behind the "#" of the address, which no server sees: a token, or what came of a visit elsewhere. It leaves the address
 * with the reading, so that it is said once and stands in no history. Undefined: it isn't there.
 */
export function take(name: string): string | undefined {
  const values = new URLSearchParams(location.hash.slice(1));
  const value = values.get(name) ?? undefined;
  if (value === undefined) return undefined;
  values.delete(name);
  const rest = values.size ? `#${values}` : '';
  history.replaceState(history.state, '', location.pathname + location.search + rest);
  return value;
}

/** A value behind the "#" that stays there: it names a step, and a reload is to find it again. */
export const peek = (name: string): string | undefined =>
  new URLSearchParams(location.hash.slice(1)).get(name) ?? undefined;
