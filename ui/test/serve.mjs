// Serves the built interface with the content policy of the product and passes everything else to a real server:
//   node test/serve.mjs --port 18081 --server http://localhost:18080
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { extname, join, normalize } from 'node:path';

const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self'; " +
  "worker-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; " +
  "require-trusted-types-for 'script'; trusted-types svelte-trusted-html op";
const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.webmanifest': 'application/manifest+json',
  '.json': 'application/json',
};
const dist = new URL('../dist/', import.meta.url).pathname;

/** Answers a request for a file of the interface. */
export function sendFile(path, answer) {
  let file = join(dist, normalize(path));
  if (!file.startsWith(dist) || !existsSync(file) || statSync(file).isDirectory()) {
    if (path.startsWith('/assets/')) {
      answer.writeHead(404).end();
      return;
    }
    file = join(dist, 'index.html');
  }
  answer.writeHead(200, {
    'Content-Type': types[extname(file)] ?? 'application/octet-stream',
    'Content-Security-Policy': policy,
  });
  createReadStream(file).pipe(answer);
}

const ofServer = (path) => /^\/(api|connect|readyz|healthz|docs)(\/|$)/.test(path);

/** Passes a request on, streams included. */
export function pass(server, incoming, answer) {
  const target = new URL(incoming.url, server);
  const headers = { ...incoming.headers, host: target.host };
  if (headers.origin) headers.origin = target.origin;
  const out = request(target, { method: incoming.method, headers }, (got) => {
    answer.writeHead(got.statusCode, got.headers);
    got.pipe(answer);
  });
  out.on('error', () => answer.headersSent || answer.writeHead(502).end());
  answer.on('close', () => out.destroy());
  incoming.pipe(out);
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const arg = (name, fallback) => process.argv[process.argv.indexOf(`--${name}`) + 1] || fallback;
  const port = Number(process.argv.includes('--port') ? arg('port') : 18081);
  const server = process.argv.includes('--server') ? arg('server') : 'http://localhost:18080';
  createServer((incoming, answer) => {
    const { pathname } = new URL(incoming.url, 'http://localhost');
    if (ofServer(pathname)) pass(server, incoming, answer);
    else sendFile(pathname, answer);
  }).listen(port, '127.0.0.1', () => console.log(JSON.stringify({ url: `http://localhost:${port}` })));
}
