// A made-up workspace in every state, for looking at screens: the built interface over an API that lives in memory.
//   node test/mock-server.mjs --port 18082
import { createServer } from 'node:http';
import { sendFile } from './serve.mjs';
import { makeWorld } from './world.mjs';

const at = process.argv.indexOf('--port');
const port = at > 0 ? Number(process.argv[at + 1]) : 18082;
const world = makeWorld(new Date());

const read = (incoming) =>
  new Promise((done) => {
    let text = '';
    incoming.on('data', (part) => (text += part));
    incoming.on('end', () => {
      try {
        done(text ? JSON.parse(text) : {});
      } catch {
        done({});
      }
    });
  });

createServer(async (incoming, answer) => {
  const url = new URL(incoming.url, 'http://localhost');
  if (!url.pathname.startsWith('/api/v1/')) {
    if (/^\/(readyz|healthz)$/.test(url.pathname)) answer.writeHead(200).end('{}');
    else sendFile(url.pathname, answer);
    return;
  }
  const path = url.pathname.slice('/api/v1'.length);
  const picture = /\/media\/([^/]+)\/(thumb|preview|original)$/.exec(path);
  if (picture) {
    answer.writeHead(200, { 'Content-Type': 'image/svg+xml' }).end(world.picture(picture[1]));
    return;
  }
  if (path === '/events') {
    answer.writeHead(200, { 'Content-Type': 'text/event-stream' });
    answer.write('retry: 3000\n\n');
    return;
  }
  const given = await world.answer(incoming.method, path, url.searchParams, await read(incoming), incoming.headers);
  const { status = 200, body } = given ?? {
    status: 404,
    body: { status: 404, code: 'not_found', title: 'Not found', detail: 'Nothing here.', request_id: 'req_1' },
  };
  answer
    .writeHead(status, { 'Content-Type': status >= 400 ? 'application/problem+json' : 'application/json' })
    .end(body === undefined ? '' : JSON.stringify(body));
}).listen(port, '127.0.0.1', () => console.log(JSON.stringify({ url: `http://localhost:${port}` })));
