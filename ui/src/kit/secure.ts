/** Whether this page and browser can use passkeys at all: they don't exist on plain http, localhost excepted. */
export const passkeysHere = (): boolean =>
  globalThis.isSecureContext === true && 'PublicKeyCredential' in globalThis && !!navigator.credentials;
