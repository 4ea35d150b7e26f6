/** Where the page is and how to go elsewhere. The shell sets it from the router, so that features never import the shell. */
export interface Here {
  readonly params: Record<string, string | undefined>;
  readonly path: string;
  readonly search: string;
  go(path: string, options?: { replace?: boolean; keepScroll?: boolean }): void;
  back(otherwise: string): void;
}

let router: Here | undefined;

/** Called once by the shell. */
export function setHere(by: Here): void {
  router = by;
}

/** The current place; reading it in markup or $derived follows the address. */
export const here: Here = {
  get params() {
    return router?.params ?? {};
  },
  get path() {
    return router?.path ?? '/';
  },
  get search() {
    return router?.search ?? '';
  },
  go: (path, options) => router?.go(path, options),
  back: (otherwise) => router?.back(otherwise),
};

/** One value of the query; reactive like here. */
export function query(name: string): string {
  return new URLSearchParams(here.search).get(name) ?? '';
}

/** Changes values of the query in place; empty ones go. */
export function setQuery(values: Record<string, string | undefined>): void {
  const params = new URLSearchParams(here.search);
  for (const [name, value] of Object.entries(values)) {
    if (value) params.set(name, value);
    else params.delete(name);
  }
  const text = params.toString();
  here.go(here.path + (text ? `?${text}` : ''), { replace: true, keepScroll: true });
}
