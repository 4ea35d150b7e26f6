// The made-up workspace: Fjellvik Outdoor at Halden Studio, with posts in every state around the given moment.
const minute = 60_000;
const day = 24 * 60 * minute;

const pictures = {
  ast_jacket:
    '#e4dac6|<path d="M70 40h60l25 20 5 65h-22v-40l-5 60H67l-5-60v40H40l5-65z" fill="#c5532d"/><path d="M85 40q15 14 30 0l-5 14H90z" fill="#a8401f"/>',
  ast_beanie:
    '#dfe3ea|<circle cx="100" cy="38" r="13" fill="#eef0f2"/><path d="M58 104q0-58 42-58t42 58z" fill="#2a4a7f"/><rect x="54" y="100" width="92" height="22" rx="6" fill="#365a96"/>',
  ast_hut:
    '#141f3c|<path d="M0 120l60-50 60 50zM90 120l70-64 60 64z" fill="#1c2a47"/><path d="M100 68l34 60H66z" fill="#f0a53a"/><path d="M100 68l10 60H90z" fill="#fbe3a8"/>',
  ast_lake:
    '#a9c5d8|<path d="M0 84l50-24 40 20 40-34 70 38v14H0z" fill="#587488"/><rect y="92" width="200" height="58" fill="#8fb3c9"/><path d="M80 108h40l-6 8H86z" fill="#8c3b25"/>',
  ast_dusk:
    '#b9a6a8|<circle cx="148" cy="52" r="15" fill="#ffeed0"/><path d="M0 130l70-60 50 40 40-34 60 54v30H0z" fill="#5d6f8d"/><path d="M62 78l8-8 14 12-10 6z" fill="#eef0f2"/>',
  ast_mug:
    '#3a2f2b|<rect x="62" y="62" width="60" height="62" rx="8" fill="#e9e3d8"/><path d="M122 76h14a14 14 0 0 1 0 32h-14v-8h10a7 7 0 0 0 0-16h-10z" fill="#e9e3d8"/><circle cx="158" cy="36" r="14" fill="#c4874a"/>',
  ast_pack:
    '#d0d9d4|<rect x="68" y="46" width="64" height="80" rx="18" fill="#2f5d50"/><rect x="74" y="86" width="52" height="36" rx="8" fill="#24483e"/><rect x="92" y="60" width="16" height="12" rx="2" fill="#e2b13c"/>',
  ast_shop:
    '#46525d|<rect x="40" y="60" width="120" height="90" fill="#e9c988"/><path d="M32 40h136v22H32z" fill="#c2422e"/><path d="M60 40h26v22H60zM114 40h26v22h-26z" fill="#f4efe6"/>',
};

export function makeWorld(now) {
  const midnight = new Date(now);
  midnight.setHours(0, 0, 0, 0);
  const when = (days, clock) => {
    const [h, m] = clock.split(':').map(Number);
    return new Date(midnight.getTime() + days * day + (h * 60 + m) * minute).toISOString();
  };

  const text = (max, more = {}) => ({ count: 'graphemes', max, markup: 'plain', must: false, ...more });
  const kinds = (max, media, more = {}, roles = ['post', 'reply', 'comment']) => [
    {
      id: 'text',
      label: 'Text',
      roles,
      text: text(max, more),
      min_media: 0,
      max_media: media,
      media: [{ type: 'image', mime: ['image/jpeg'], alt: 1000 }],
      once: 'native',
      steps: ['upload', 'post'],
    },
  ];
  const platform = (id, label, max, media, more = {}) => ({
    id,
    label,
    family: '',
    connect: [
      {
        way: 'token',
        kind: 'fields',
        label: 'App password',
        ready: true,
        help: 'Make one in the app under Settings, Privacy and security.',
        fields: [
          { name: 'handle', label: 'Handle', help: 'Like name.example', kind: 'text', required: true, secret: false },
          {
            name: 'password',
            label: 'App password',
            help: 'Never your real password.',
            kind: 'text',
            required: true,
            secret: true,
          },
        ],
      },
    ],
    fields: [],
    kinds: kinds(max, media, more.text, more.roles),
    limits: [],
    once: 'native',
    powers: [],
    preview: 'microblog',
    ready: more.ready ?? true,
    settings: more.settings ?? { type: 'object', properties: {} },
  });
  const platforms = [
    platform('bluesky', 'Bluesky', 300, 4),
    platform('mastodon', 'Mastodon', 500, 4, {
      text: { count: 'mastodon', link: 23 },
      settings: {
        type: 'object',
        properties: {
          visibility: {
            type: 'string',
            enum: ['public', 'unlisted', 'private'],
            title: 'Who sees it',
            default: 'public',
            'x-field': 'choice',
            'x-options': [
              { id: 'public', label: 'Everybody' },
              { id: 'unlisted', label: 'Everybody, but not in lists' },
              { id: 'private', label: 'Followers' },
            ],
          },
          sensitive: { type: 'boolean', title: 'Hide media behind a warning', 'x-field': 'flag' },
        },
      },
    }),
    platform('linkedin', 'LinkedIn', 3000, 20, { roles: ['post', 'comment'], ready: false }),
    platform('instagram', 'Instagram', 2200, 10, { ready: false }),
    platform('telegram', 'Telegram', 4096, 10),
    platform('facebook', 'Facebook', 63206, 10, { ready: false }),
    platform('pinterest', 'Pinterest', 500, 1, { ready: false }),
    platform('threads', 'Threads', 500, 10, { ready: false }),
    platform('practice', 'Practice', 5000, 10),
  ];

  const channel = (id, platformId, name, handle, more = {}) => ({
    id: `chn_${id}`,
    version: 3,
    workspace: 'wsp_1',
    platform: platformId,
    way: 'token',
    name,
    handle,
    url: 'https://example.com',
    state: 'ready',
    facts: {},
    fields: {},
    settings: {},
    access: {
      kind: platformId === 'practice' ? 'none' : 'token',
      ...(more.token_expires_at
        ? {
            ends_at: more.token_expires_at,
            days_left: Math.max(0, Math.floor((new Date(more.token_expires_at) - now) / day)),
          }
        : {}),
    },
    slots: [1, 2, 3, 4, 5].map((weekday) => ({ weekday, time: '12:00' })),
    timezone: 'Europe/Berlin',
    created_at: when(-60, '09:00'),
    last_published_at: new Date(now.getTime() - 2 * minute).toISOString(),
    ...more,
  });
  const channels = [
    channel('bsky', 'bluesky', 'Fjellvik Outdoor', '@fjellvik.example'),
    channel('masto', 'mastodon', 'Fjellvik Outdoor', '@fjellvik@social.nordlys'),
    channel('linked', 'linkedin', 'Fjellvik Outdoor', '', { token_expires_at: when(6, '10:00') }),
    channel('insta', 'instagram', 'Instagram', '@fjellvikoutdoor', {
      state: 'reconnect',
      problem: 'Instagram ended the sign-in on Sunday.',
      token_expires_at: when(-2, '10:00'),
    }),
    channel('tg', 'telegram', 'Fjellvik trail notes', ''),
    channel('pin', 'pinterest', 'fjellvik', '', { token_expires_at: when(27, '10:00'), slots: [] }),
    channel('practice', 'practice', 'Practice', 'practice', { slots: [] }),
  ];

  let n = 0;
  const row = (days, clock, status, words, on, more = {}) => ({
    id: `pst_${++n}`,
    version: 2,
    due_at: days === undefined ? undefined : when(days, clock),
    timezone: 'Europe/Berlin',
    status,
    channels: on.map((c) => `chn_${c}`),
    text: words,
    labels: [],
    author: 'Mira Lindqvist',
    updated_at: new Date(now.getTime() - n * 31 * minute).toISOString(),
    ...more,
  });
  const rows = [
    row(-8, '09:00', 'published', 'Winter sale, teaser', ['bsky', 'masto']),
    row(-8, '12:00', 'partly_published', 'New in: wool base layers', ['linked', 'pin']),
    row(-7, '08:30', 'published', 'Trail report', ['bsky']),
    row(-6, '09:00', 'published', 'Behind the bench', ['linked']),
    row(-6, '12:00', 'published', 'Wax care in 40 seconds', ['insta']),
    row(-6, '18:00', 'published', 'Hut of the month', ['bsky', 'masto']),
    row(-5, '16:00', 'missed', 'Opening hours', ['linked']),
    row(-3, '09:30', 'needs_attention', 'The weekend list: three huts with open fires', ['tg'], {
      thumbnail: 'ast_hut',
    }),
    row(-1, '09:00', 'published', 'Sunday reading', ['bsky', 'masto']),
    row(-1, '16:00', 'failed', 'Behind the repair bench: Ingrid re-waxes forty jackets a week', ['linked'], {
      thumbnail: 'ast_jacket',
    }),
    row(0, '08:00', 'published', 'Good morning from Lake Åsen: −11° and no wind', ['bsky', 'masto'], {
      thumbnail: 'ast_lake',
      note: '0.3 s late',
    }),
    row(0, '09:00', 'retrying', 'Repair day this Saturday: bring one jacket, leave with it warm', ['linked', 'tg'], {
      thumbnail: 'ast_jacket',
      note: 'trying again 09:14',
    }),
    row(
      0,
      '19:30',
      'scheduled',
      'Winter sale starts now: 30% off everything that keeps you warm',
      ['bsky', 'masto', 'linked'],
      { thumbnail: 'ast_dusk' },
    ),
    row(0, '20:15', 'in_review', 'The blue beanie is back, and it is warmer than it looks', ['pin'], {
      thumbnail: 'ast_beanie',
      note: 'waits for Aisha',
    }),
    row(0, '21:00', 'paused', 'Winter sale, evening reminder', ['insta'], {
      thumbnail: 'ast_mug',
      note: 'channel to reconnect',
    }),
    row(1, '09:00', 'scheduled', 'Gift guide, part 1: for people who are always cold', ['bsky', 'masto'], {
      thumbnail: 'ast_pack',
    }),
    row(1, '18:00', 'approved', 'Members’ evening: soup, wax and the new route map', ['linked', 'pin'], {
      thumbnail: 'ast_shop',
      note: 'approved by Aisha',
    }),
    row(2, '12:00', 'draft', 'New in: wool base layers', ['linked']),
    row(2, '18:00', 'paused', 'Winter sale, reminder', ['insta']),
    row(3, '09:00', 'in_review', 'Three hikes before dark', ['bsky']),
    row(3, '16:00', 'scheduled', 'Down, explained', ['linked']),
    row(3, '19:00', 'draft', 'Why no catalogue', ['masto']),
    row(4, '09:30', 'scheduled', 'Repair day', ['linked', 'tg']),
    row(6, '09:00', 'scheduled', 'Sunday reading', ['bsky', 'masto']),
    row(7, '08:45', 'scheduled', 'Meet Ingrid', ['linked']),
    row(9, '18:00', 'cancelled', 'Sledge test', ['insta']),
  ];
  const drafts = [
    row(undefined, '', 'draft', 'Gift guide: five things under 40 euros', ['bsky'], { thumbnail: 'ast_pack' }),
    row(undefined, '', 'draft', 'Opening hours over Christmas', [], { thumbnail: 'ast_shop' }),
    row(undefined, '', 'draft', 'Why we stopped printing catalogues', []),
  ];

  const delivery = (post, c, status, more = {}) => ({
    id: `dlv_${post.id}_${c}`,
    version: 4,
    post: post.id,
    channel: c,
    platform: channels.find((one) => one.id === c)?.platform ?? '',
    part: 0,
    role: 'post',
    status,
    due_at: post.due_at ?? now.toISOString(),
    ...more,
  });
  const statusFor = { partly_published: 'published', in_review: 'scheduled', approved: 'scheduled' };
  const deliveriesOf = (post) =>
    post.due_at && !['draft', 'in_review'].includes(post.status)
      ? post.channels.map((c) => {
          const status = statusFor[post.status] ?? post.status;
          return delivery(
            post,
            c,
            status,
            status === 'published'
              ? {
                  published_at: new Date(new Date(post.due_at).getTime() + 300).toISOString(),
                  permalink: 'https://example.com/1',
                }
              : {},
          );
        })
      : [];
  const whole = (one) => ({
    ...one,
    workspace: 'wsp_1',
    text: one.text,
    segments: [],
    media: one.thumbnail ? [{ asset: one.thumbnail, alt: 'A picture' }] : [],
    variants: {},
    author: { id: 'mem_1', name: 'Mira Lindqvist' },
    created_at: when(-10, '10:00'),
    deliveries: deliveriesOf(one),
    ...(one.due_at ? { schedule: { kind: 'at', at: one.due_at, timezone: 'Europe/Berlin' } } : {}),
    ...(one.more ?? {}),
  });
  const sale = rows.find((one) => one.text.startsWith('Winter sale starts now'));
  const compose = {
    ...drafts[0],
    id: 'pst_compose',
    text: 'The winter sale starts now. 30% off everything that keeps you warm: #wool, down, and the blue beanie that sold out twice.\n\nEvery jacket still comes with free re-waxing for life: the warmest coat is the one you already own. Ask for Ingrid at the repair bench.\n\nhttps://fjellvik.example/winter?utm_source=base',
    channels: ['chn_bsky', 'chn_masto', 'chn_linked'],
    labels: ['Winter sale', 'Product'],
    more: {
      media: [{ asset: 'ast_jacket', alt: 'Red shell jacket on a hook' }, { asset: 'ast_beanie' }],
      variants: {
        chn_bsky: {
          text: 'The winter sale starts now. 30% off everything that keeps you warm: #wool, down, and the blue beanie that sold out twice.\n\nEvery jacket still comes with free re-waxing for life: the warmest coat is the one you already own. Ask for Ingrid at the repair bench.\n\nhttps://fjellvik.example/winter?utm_source=bsky until Sunday',
        },
      },
    },
  };
  const posts = [...rows, ...drafts, compose];

  const asset = (id, name, more = {}) => ({
    id,
    version: 1,
    name,
    mime: 'image/jpeg',
    kind: 'image',
    bytes: 2_400_000,
    width: 4032,
    height: 3024,
    alt: '',
    state: 'ready',
    renditions: ['thumb', 'preview'],
    used_in: 2,
    created_at: when(-5, '10:00'),
    ...more,
  });
  const assets = [
    asset('ast_jacket', 'shell-red.jpg', { alt: 'Red shell jacket' }),
    asset('ast_beanie', 'beanie-blue.jpg'),
    asset('ast_dusk', 'blafjell-dusk.jpg', {
      alt: 'Snow-covered Blåfjell at dusk, low sun behind the right-hand ridge',
    }),
    asset('ast_hut', 'hut-night.jpg', { alt: 'A tent at night' }),
    asset('ast_lake', 'asen-morning.jpg', { alt: 'Lake Åsen' }),
    asset('ast_pack', 'pack-green.jpg', { alt: 'A green pack' }),
    asset('ast_mug', 'mug-film.mp4', { kind: 'video', mime: 'video/mp4', duration_ms: 42_000 }),
    asset('ast_shop', 'shop-evening.jpg'),
  ];

  const workspace = {
    id: 'wsp_1',
    version: 3,
    organization: 'org_1',
    name: 'Fjellvik Outdoor',
    timezone: 'Europe/Berlin',
    week_start: 1,
    grace_seconds: 3600,
    hold_seconds: 10,
    paused: false,
    alt_text: 'warn',
    first_steps_done: true,
    created_at: when(-90, '09:00'),
  };
  const permissions = [
    'workspace.write',
    'workspace.members',
    'channels.write',
    'posts.publish',
    'posts.approve',
    'posts.draft',
    'comments.write',
    'media.write',
    'workspace.read',
  ];
  const me = {
    identity: {
      id: 'idn_1',
      version: 1,
      name: 'Mira Lindqvist',
      email: 'mira@halden.studio',
      email_verified: true,
      locale: 'en',
      timezone: 'Europe/Berlin',
      hour_format: '24',
      theme: 'system',
    },
    second_factor: false,
    fresh: {},
    administrator: true,
    recovery_codes_left: 0,
    build: 'dev',
    organizations: [
      {
        id: 'org_1',
        name: 'Halden Studio',
        role: 'owner',
        member: 'mem_1',
        permissions: ['organization.write', 'members.write', 'members.read', 'audit.read', 'workspaces.create'],
        workspaces: [
          { id: 'wsp_1', name: 'Fjellvik Outdoor', timezone: 'Europe/Berlin', role: 'manager', permissions },
          { id: 'wsp_2', name: 'Café Lindgren', timezone: 'Europe/Berlin', role: 'manager', permissions },
        ],
      },
    ],
  };
  const need = (one, message) => ({
    delivery: `dlv_${one.id}_${one.channels[0]}`,
    post: one.id,
    channel: one.channels[0],
    status: one.status,
    text: one.text,
    message,
    due_at: one.due_at,
    thumbnail: one.thumbnail,
    version: 1,
  });
  const find = (status) => rows.find((one) => one.status === status);
  const inDay = (d) => rows.filter((one) => one.due_at >= when(d, '00:00') && one.due_at < when(d + 1, '00:00'));

  const detail = (id) => {
    for (const one of posts) {
      const found = deliveriesOf(one).find((d) => d.id === id);
      if (!found) continue;
      const started = found.due_at;
      const after = (ms) => new Date(new Date(started).getTime() + ms).toISOString();
      const base = {
        ...found,
        round: 1,
        told: false,
        text: one.text,
        once: { by: 'ask', why: 'Telegram gives bots no way to look.' },
        steps: [
          { name: 'upload.0', done: true },
          { name: 'send', done: true },
        ],
        attempts: [],
      };
      if (found.status === 'needs_attention')
        return {
          ...base,
          message:
            'We sent it and the connection dropped before Telegram answered. Telegram gives bots no way to look, so a person has to.',
          attempts: [
            {
              id: 'att_1',
              number: 1,
              started_at: after(200),
              ended_at: after(31_300),
              lateness_ms: 200,
              outcome: 'uncertain',
              class: 'uncertain',
              step: 'send',
              message: 'read tcp: connection reset by peer',
            },
          ],
        };
      if (found.status === 'failed')
        return {
          ...base,
          class: 'rejected',
          message: 'LinkedIn refused the image: it is smaller than 552 pixels wide.',
          fix: 'Use a larger image.',
          steps: [
            { name: 'upload.0', done: false },
            { name: 'post', done: false },
          ],
          attempts: [
            {
              id: 'att_1',
              number: 1,
              started_at: after(120),
              ended_at: after(1400),
              lateness_ms: 120,
              outcome: 'failed',
              class: 'rejected',
              status_code: 422,
              step: 'upload.0',
              message: 'MEDIA_ASSET_PROCESSING_FAILED',
            },
          ],
        };
      if (found.status === 'published')
        return {
          ...base,
          once: { by: 'native' },
          receipt: { remote_id: '1138', permalink: 'https://example.com/1', published_at: after(300) },
          attempts: [
            {
              id: 'att_1',
              number: 1,
              started_at: after(90),
              ended_at: after(300),
              lateness_ms: 90,
              outcome: 'published',
            },
          ],
        };
      return { ...base, wake_at: after(14 * minute), steps: [] };
    }
    return undefined;
  };

  const list = (items) => ({ body: { items } });
  return {
    picture(id) {
      const [back, inside] = (pictures[id] ?? '#cccccc|').split('|');
      return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 150" width="800" height="600"><rect width="200" height="150" fill="${back}"/>${inside}</svg>`;
    },
    async answer(method, path, query, body) {
      const ws = /^\/workspaces\/[^/]+(\/.*)?$/.exec(path)?.[1];
      if (path === '/setup') return { body: { claimed: true } };
      if (path === '/session' && method === 'POST')
        return body.password === 'wrong'
          ? {
              status: 401,
              body: {
                status: 401,
                code: 'bad_credentials',
                title: 'Unauthorized',
                detail: 'E-mail and password don’t match.',
                request_id: 'req_1',
              },
            }
          : { body: { mfa_required: false, member: 'mem_1' } };
      if (path === '/session') return method === 'DELETE' ? { status: 204 } : { body: me };
      if (path === '/me') return { body: { ...me.identity, ...body } };
      if (path === '/me/sessions')
        return list([
          {
            id: 's1',
            current: true,
            created_at: when(0, '08:00'),
            last_seen_at: now.toISOString(),
            device: 'Chrome on Linux',
            prefix: '192.0.2.0/24',
            mfa: false,
          },
        ]);
      if (path === '/platforms') return list(platforms);
      if (path === '/organizations/org_1/members')
        return list([
          {
            id: 'mem_1',
            identity: 'idn_1',
            name: 'Mira Lindqvist',
            email: 'mira@halden.studio',
            role: 'owner',
            second_factor: true,
            last_seen_day: when(0, '12:00').slice(0, 10),
            joined_at: when(-90, '09:00'),
            version: 1,
            workspaces: [],
          },
          {
            id: 'mem_2',
            identity: 'idn_2',
            name: 'Tom Okafor',
            email: 'tom@halden.studio',
            role: 'member',
            second_factor: false,
            joined_at: when(-20, '09:00'),
            version: 1,
            workspaces: [{ workspace: 'wsp_1', role: 'publisher' }],
          },
        ]);
      if (path === '/organizations/org_1/invitations')
        return method === 'POST'
          ? {
              status: 201,
              body: {
                id: 'inv_1',
                email: body.email,
                role: body.role,
                expires_at: when(7, '12:00'),
                created_at: now.toISOString(),
                workspaces: [],
                link: 'http://localhost/invite#token=abc',
              },
            }
          : list([]);
      if (path === '/instance')
        return {
          body: {
            version: 'dev',
            public_url: 'http://localhost:8080',
            tls: false,
            store: { bytes: 31_400_000, free_bytes: 81e9, read_only: false },
            checks: [
              { name: 'store', ok: true, says: 'opens, 31 MB' },
              { name: 'clock', ok: true, says: 'agrees with the platforms' },
              {
                name: 'mail',
                ok: false,
                says: 'no mail server',
                fix: 'Set mail.url, or pass invitation links on by hand.',
              },
            ],
          },
        };
      if (ws === undefined)
        return path.startsWith('/workspaces/')
          ? {
              body: method === 'PATCH' ? Object.assign(workspace, body, { version: workspace.version + 1 }) : workspace,
            }
          : undefined;
      if (ws === '/home')
        return {
          body: {
            needs: [
              need(find('needs_attention'), 'Telegram may or may not have this post'),
              need(find('failed'), 'LinkedIn refused the image'),
              need(rows.find((one) => one.text.includes('evening reminder'))),
              need(rows.find((one) => one.text === 'Winter sale, reminder')),
            ],
            today: inDay(0),
            tomorrow: inDay(1),
            drafts,
            slots: [
              { channel: 'chn_bsky', at: when(1, '12:00') },
              { channel: 'chn_linked', at: when(1, '12:00') },
              { channel: 'chn_masto', at: when(2, '12:00') },
            ],
            first_steps: { practice_post: true, channel: true, invited: true, second_factor: false, dismissed: true },
          },
        };
      if (ws === '/channels') return list(channels);
      if (ws === '/notices')
        return list([
          {
            kind: 'channel.expiring',
            id: 'chn_linked',
            words: 'Fjellvik Outdoor on LinkedIn: access ends in 6 days. Connect it again before.',
            at: when(0, '07:00'),
          },
          { kind: 'channel.lost', id: 'chn_insta', words: 'Instagram ended the sign-in.', at: when(-2, '10:00') },
        ]);
      if (/\/channels\/[^/]+\/slots$/.test(ws))
        return list(
          ws.includes('pin') || ws.includes('practice') ? [] : [1, 2, 3].map((d) => ({ at: when(d, '12:00') })),
        );
      if (ws === '/calendar')
        return list(rows.filter((one) => one.due_at >= query.get('from') && one.due_at < query.get('to')));
      if (ws === '/posts/check')
        return {
          body: {
            channels: Object.fromEntries(
              (body.channels ?? []).map((c) => [
                c,
                { kind: 'text', length: 0, limit: 0, unit: 'graphemes', parts: [], problems: [] },
              ]),
            ),
          },
        };
      if (ws === '/posts' && method === 'GET') {
        const q = (query.get('q') ?? '').toLowerCase();
        return list(
          [...rows, ...drafts]
            .filter(
              (one) =>
                (!query.get('status') || one.status === query.get('status')) && one.text.toLowerCase().includes(q),
            )
            .reverse(),
        );
      }
      if (ws === '/posts') {
        const made = {
          ...row(undefined, '', 'draft', body.text, []),
          channels: body.channels ?? [],
          more: { media: body.media ?? [], segments: body.segments ?? [], variants: body.variants ?? {} },
        };
        posts.push(made);
        return { status: 201, body: whole(made) };
      }
      const post = /^\/posts\/([^/]+)$/.exec(ws);
      if (post) {
        const one = posts.find((other) => other.id === post[1]);
        if (!one) return undefined;
        if (method === 'PATCH') {
          one.version++;
          if (body.schedule?.at) one.due_at = body.schedule.at;
          if (body.text !== undefined) one.text = body.text;
          one.more = {
            ...one.more,
            ...(body.media ? { media: body.media } : {}),
            ...(body.segments ? { segments: body.segments } : {}),
            ...(body.variants ? { variants: body.variants } : {}),
          };
          if (body.channels) one.channels = body.channels;
          if (body.schedule && one.status === 'draft') one.status = 'scheduled';
        }
        return method === 'DELETE' ? { status: 204 } : { body: whole(one) };
      }
      const dlv = /^\/deliveries\/([^/]+)/.exec(ws);
      if (dlv) return { body: detail(dlv[1]) };
      if (ws === '/media') return list(assets);
      const media = /^\/media\/([^/]+)$/.exec(ws);
      if (media)
        return { body: Object.assign(assets.find((one) => one.id === media[1]) ?? {}, method === 'PATCH' ? body : {}) };
      if (ws === '/practice')
        return list([
          {
            id: '1',
            channel: 'chn_practice',
            text: 'Hello practice, this is a first post.',
            media: [{ asset: 'ast_dusk', alt: 'Blåfjell', mime: 'image/jpeg' }],
            at: when(0, '08:00'),
          },
        ]);
      void sale;
      return undefined;
    },
  };
}
