/** A visit to a page elsewhere that leads back to "/", "/me" or "/sign-in": keeps where the person was, for this tab alone. */
const name = 'away';

/** Goes to a page elsewhere. */
export function leaveFor(address: string): void {
  try {
    sessionStorage.setItem(name, location.pathname + location.search + location.hash);
  } catch {
    // Storage is refused: the way back ends at Home.
  }
  location.assign(address);
}

/** Where the person was when they left, once. */
export function cameFrom(): string | undefined {
  try {
    const path = sessionStorage.getItem(name);
    sessionStorage.removeItem(name);
    return path && /^\/(?!\/)/.test(path) ? path : undefined;
  } catch {
    return undefined;
  }
}
