import { take } from './fragment';

const kept = /(?:^|; )((?:__Host-)?omniposto_problem)=([^;]*)/;

/**
 * Why a visit elsewhere came to nothing, said once. The words stand in a cookie that our server set: words in an address
 * could be anybody's. Undefined: nothing went wrong.
 */
export function whatWentWrong(): string | undefined {
  if (take('problem') === undefined) return undefined;
  const [, name, value] = kept.exec(document.cookie) ?? [];
  if (!name || !value) return undefined;
  document.cookie = `${name}=; Path=/; Max-Age=0${name.startsWith('__') ? '; Secure' : ''}`;
  try {
    const bytes = Uint8Array.from(atob(value.replace(/-/g, '+').replace(/_/g, '/')), (sign) => sign.charCodeAt(0));
    return new TextDecoder().decode(bytes) || undefined;
  } catch {
    return undefined;
  }
}
