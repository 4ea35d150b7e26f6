// A real Bluesky server for tests: a PDS and its directory, all in memory and temporary folders, with two people.
// Prints one JSON line {"url", "directory", "handle", "did", "password", "app_password", "people"} and runs until it is ended.
//   node bluesky.mjs [--port 2583]
process.env.NODE_ENV = 'test';
process.env.LOG_ENABLED ??= 'false';
const { TestNetworkNoAppView } = await import('@atproto/dev-env');

const at = process.argv.indexOf('--port');
const port = at > 0 ? Number(process.argv[at + 1]) : undefined;
const network = await TestNetworkNoAppView.create({ pds: { ...(port ? { port } : {}), blobUploadLimit: 5_000_000 } });
const url = network.pds.url;

async function person(name) {
  const handle = `${name}.test`;
  const password = `${name}-harbour-lantern`;
  const answer = await fetch(`${url}/xrpc/com.atproto.server.createAccount`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ handle, email: `${name}@example.test`, password }),
  });
  const body = await answer.json();
  if (!answer.ok) throw new Error(`${handle}: ${answer.status} ${JSON.stringify(body)}`);
  const signedIn = { Authorization: `Bearer ${body.accessJwt}`, 'Content-Type': 'application/json' };
  const app = await fetch(`${url}/xrpc/com.atproto.server.createAppPassword`, {
    method: 'POST',
    headers: signedIn,
    body: JSON.stringify({ name: 'omniposto' }),
  });
  return { handle, did: body.did, password, app_password: app.ok ? (await app.json()).password : password };
}

const people = [await person('alice'), await person('bob')];
const { handle, did, password, app_password } = people[0];
console.log(JSON.stringify({ url, directory: network.plc.url, handle, did, password, app_password, people }));

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    void network.close().finally(() => process.exit(0));
    setTimeout(() => process.exit(0), 3000).unref();
  });
}
