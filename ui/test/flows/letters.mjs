// A mail server for the flows: it takes every letter and gives the links in them.
import { createServer } from 'node:net';
import { client, must, wait } from './world.mjs';

/** Starts it; env makes a server send there. */
export async function postOffice() {
  const letters = [];
  const server = createServer((socket) => {
    const say = (line) => socket.write(`${line}\r\n`);
    let text = '';
    let inside = false;
    let to = '';
    socket.on('error', () => undefined);
    socket.on('data', (part) => {
      text += part;
      for (let end; (end = text.indexOf(inside ? '\r\n.\r\n' : '\r\n')) >= 0;) {
        const line = text.slice(0, end);
        text = text.slice(end + (inside ? 5 : 2));
        if (inside) {
          letters.push({ to, ...read(line) });
          inside = false;
          say('250 kept');
          continue;
        }
        const verb = line.slice(0, 4).toUpperCase();
        if (verb === 'RCPT') to = /<([^>]+)>/.exec(line)?.[1] ?? '';
        inside = verb === 'DATA';
        say(inside ? '354 go on' : verb === 'EHLO' ? '250 8BITMIME' : verb === 'QUIT' ? '221 bye' : '250 fine');
        if (verb === 'QUIT') socket.end();
      }
    });
    say('220 flows');
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return {
    letters,
    env: { OMNIPOSTO_MAIL__URL: `smtp://127.0.0.1:${server.address().port}?tls=none&from=posts@halden.example` },
    /** The letter to somebody that has such a subject, once it is there; it is taken away. */
    async letter(to, subject) {
      for (let tries = 0; tries < 80; tries++) {
        const at = letters.findIndex((one) => one.to === to && subject.test(one.subject));
        if (at >= 0) return letters.splice(at, 1)[0];
        await wait(100);
      }
      must(false, `no letter to ${to}: ${letters.map((one) => `${one.to} "${one.subject}"`).join(', ')}`);
    },
    stop: () => server.close(),
  };
}

/** Follows the link of a letter; the server's address is the flow's. */
export async function follow(letter, page, url) {
  await page.goto('about:blank');
  await page.goto(letter.link.replace(/^https?:\/\/[^/]+/, url));
}

/** Invites somebody by letter and lets them accept; gives their API client. */
export async function join(office, api, url, organization, { password, name, ...invitation }) {
  await api('POST', `/organizations/${organization}/invitations`, invitation);
  const { link } = await office.letter(invitation.email, /invites you/);
  const theirs = client(url);
  await theirs('POST', '/invitations/accept', { token: link.split('#token=')[1], name, password });
  return theirs;
}

function read(raw) {
  const text = raw
    .replace(/=\r\n/g, '')
    .replace(/(?:=[0-9A-F]{2})+/g, (bytes) => Buffer.from(bytes.replaceAll('=', ''), 'hex').toString());
  return {
    subject: /^Subject: (.*)$/m.exec(text)?.[1].trim() ?? '',
    link: /https?:\/\/[^\s"<>]+#token=[\w-]+/.exec(text)?.[0],
    text,
  };
}
