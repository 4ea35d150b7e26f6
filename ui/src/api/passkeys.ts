/** Passkeys: what the browser does with the options of the server, and what goes back. Nothing of it is kept here. */
import { t } from '../words/words.svelte';
import { Problem } from './problem';

type Json = Record<string, unknown>;

/** Whether the browser offers passkeys inside the e-mail field. */
export async function autofillHere(): Promise<boolean> {
  return (await PublicKeyCredential.isConditionalMediationAvailable?.().catch(() => false)) === true;
}

/** Makes a passkey on this device. */
export async function makePasskey(options: unknown): Promise<unknown> {
  const publicKey = creation(options as Json);
  return answer(await asked(() => navigator.credentials.create({ publicKey })));
}

/** Asks for a passkey that the person has. With autofill it waits in the e-mail field until one is picked there. */
export async function usePasskey(options: unknown, autofill?: AbortSignal): Promise<unknown> {
  const publicKey = request(options as Json);
  return answer(
    await asked(() =>
      navigator.credentials.get({
        publicKey,
        ...(autofill ? { mediation: 'conditional' as const, signal: autofill } : {}),
      }),
    ),
  );
}

async function asked(run: () => Promise<Credential | null>): Promise<PublicKeyCredential> {
  try {
    const got = await run();
    if (got) return got as PublicKeyCredential;
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    if (error instanceof DOMException && error.name === 'InvalidStateError')
      throw new Problem(-1, { code: 'passkey_there', detail: t('passkey.there') });
  }
  throw new Problem(-1, { code: 'passkey_cancelled', detail: t('passkey.cancelled') });
}

function creation(options: Json): PublicKeyCredentialCreationOptions {
  const parse = PublicKeyCredential.parseCreationOptionsFromJSON;
  if (parse) return parse(options as unknown as PublicKeyCredentialCreationOptionsJSON);
  const user = options['user'] as Json;
  return {
    ...(options as unknown as PublicKeyCredentialCreationOptions),
    challenge: bytes(options['challenge']),
    user: { ...(user as unknown as PublicKeyCredentialUserEntity), id: bytes(user['id']) },
    excludeCredentials: described(options['excludeCredentials']),
  };
}

function request(options: Json): PublicKeyCredentialRequestOptions {
  const parse = PublicKeyCredential.parseRequestOptionsFromJSON;
  if (parse) return parse(options as unknown as PublicKeyCredentialRequestOptionsJSON);
  return {
    ...(options as unknown as PublicKeyCredentialRequestOptions),
    challenge: bytes(options['challenge']),
    allowCredentials: described(options['allowCredentials']),
  };
}

const described = (list: unknown): PublicKeyCredentialDescriptor[] =>
  ((list as Json[] | undefined) ?? []).map((one) => ({
    ...(one as unknown as PublicKeyCredentialDescriptor),
    id: bytes(one['id']),
  }));

function answer(got: PublicKeyCredential): unknown {
  if (typeof got.toJSON === 'function') return got.toJSON();
  const response = got.response as AuthenticatorAttestationResponse & AuthenticatorAssertionResponse;
  const parts: Json = { clientDataJSON: text(response.clientDataJSON) };
  for (const part of ['attestationObject', 'authenticatorData', 'signature', 'userHandle'] as const)
    if (response[part]) parts[part] = text(response[part]);
  if (typeof response.getTransports === 'function') parts['transports'] = response.getTransports();
  return {
    id: got.id,
    rawId: text(got.rawId),
    type: got.type,
    authenticatorAttachment: got.authenticatorAttachment ?? undefined,
    clientExtensionResults: got.getClientExtensionResults(),
    response: parts,
  };
}

function bytes(value: unknown): Uint8Array<ArrayBuffer> {
  const plain = atob(String(value).replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(plain, (sign) => sign.charCodeAt(0));
}

function text(value: ArrayBuffer): string {
  return btoa(String.fromCharCode(...new Uint8Array(value)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '');
}
