const kept = /(?:^|; )(?:__Host-)?omniposto_problem=([^;]*)/;

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

/**
 * Why a visit elsewhere came to nothing, said once. The words stand in a cookie that our server set: words in an address
 * could be anybody's. Undefined: nothing went wrong.
 */
export function whatWentWrong(): string | undefined {
  if (take('problem') === undefined) return undefined;
  const found = kept.exec(document.cookie);
  if (!found) return undefined;
  const name = found[0].replace(/^; /, '').split('=')[0]!;
  document.cookie = `${name}=; Path=/; Max-Age=0${name.startsWith('__Host-') ? '; Secure' : ''}`;
  try {
    const bytes = Uint8Array.from(atob(found[1]!.replace(/-/g, '+').replace(/_/g, '/')), (sign) => sign.charCodeAt(0));
    return new TextDecoder().decode(bytes) || undefined;
  } catch {
    return undefined;
  }
}
