/** The shapes of the API: the things, then the paths, in the form that openapi-fetch reads. Times are RFC 3339 in UTC. */

export type Instant = string;
export type Zone = string;

export interface Identity {
  id: string;
  name: string;
  email: string;
  locale?: string;
  timezone?: Zone;
  hour_format?: string;
  theme?: string;
}

export interface WorkspaceRow {
  id: string;
  name: string;
  timezone: Zone;
  role: string;
  permissions: string[];
}

export interface OrganizationRow {
  id: string;
  name: string;
  role: string;
  member: string;
  permissions: string[];
  workspaces: WorkspaceRow[];
}

export interface Me {
  identity: Identity;
  second_factor: boolean;
  fresh?: { mfa_until?: Instant; password_until?: Instant };
  administrator: boolean;
  organizations: OrganizationRow[];
  build?: string;
}

export interface SignedIn {
  member?: string;
  mfa_required: boolean;
}

export interface SetupBody {
  code: string;
  name: string;
  email: string;
  password: string;
  organization: string;
  workspace?: string;
  timezone: Zone;
}

export interface Claimed {
  organization: string;
  workspace: string;
  member: string;
}

export interface StepUpChallenge {
  challenge: string;
  methods: ('totp' | 'password')[];
}

export interface SessionRow {
  id: string;
  current: boolean;
  created_at: Instant;
  last_seen_at: Instant;
  device: string;
  prefix: string;
  mfa: boolean;
}

export interface Organization {
  id: string;
  version: number;
  name: string;
}

export type AltTextRule = 'optional' | 'warn' | 'required';

export interface Workspace {
  id: string;
  version: number;
  name: string;
  timezone: Zone;
  week_start?: number;
  grace_seconds: number;
  hold_seconds: number;
  paused: boolean;
  alt_text: AltTextRule;
  first_steps_done?: boolean;
}

export interface WorkspaceRole {
  workspace: string;
  role: string;
}

export interface Member {
  id: string;
  identity: string;
  name: string;
  email: string;
  role: string;
  second_factor: boolean;
  last_seen_day?: string;
  workspaces: WorkspaceRole[];
  version: number;
}

export interface Invitation {
  id: string;
  email: string;
  role: string;
  workspaces?: WorkspaceRole[];
  expires_at: Instant;
  link?: string;
}

export interface InvitationRead {
  organization: string;
  email: string;
  role: string;
  expires_at: Instant;
  existing: boolean;
}

export interface AuditEvent {
  id: string;
  seq?: number;
  at: Instant;
  action: string;
  actor?: { kind: string; id?: string; name?: string };
  object?: { kind?: string; id?: string };
}

export interface ConnectField {
  name: string;
  label: string;
  help?: string;
  secret?: boolean;
  required?: boolean;
  kind?: string;
  options?: { value: string; label: string }[];
}

export interface ConnectWay {
  way: string;
  kind: 'fields' | 'oauth' | string;
  label: string;
  help?: string;
  fields: ConnectField[];
}

export type CountUnit = 'runes' | 'utf16' | 'bytes' | 'graphemes' | 'weighted' | 'emoji_bytes' | 'parsed' | 'wire';

export interface TextRule {
  count: CountUnit;
  max: number;
  max_bytes?: number;
  link?: number;
}

export interface MediaRule {
  type: string;
  mime?: string[];
  max_bytes?: number;
  alt?: number;
}

export interface PostKind {
  id: string;
  label: string;
  roles: string[];
  text: TextRule;
  min_media: number;
  max_media: number;
  media?: MediaRule[];
  once?: string;
  once_why?: string;
}

export interface Platform {
  id: string;
  label: string;
  family?: string;
  connect: ConnectWay[];
  kinds: PostKind[];
  limits?: unknown;
  settings?: SettingsSchema;
  powers?: string[];
  preview?: string;
  ready: boolean;
}

export interface SettingsSchema {
  properties?: Record<string, SettingsProperty>;
  required?: string[];
}

export interface SettingsProperty {
  type?: string;
  title?: string;
  description?: string;
  enum?: (string | number)[];
  oneOf?: { const: string | number; title?: string }[];
  default?: unknown;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  format?: string;
  'x-kinds'?: string[];
}

export interface Slot {
  /** Monday is 1. */
  weekday: number;
  /** HH:MM in the channel's zone. */
  time: string;
}

export interface Channel {
  id: string;
  version: number;
  workspace: string;
  platform: string;
  way?: string;
  name: string;
  handle?: string;
  url?: string;
  avatar?: string;
  state: 'ready' | 'paused' | 'reconnect';
  problem?: string;
  facts?: Record<string, unknown>;
  settings?: Record<string, unknown>;
  slots: Slot[];
  timezone: Zone;
  token_expires_at?: Instant;
  last_published_at?: Instant;
  last_checked_at?: Instant;
  created_at: Instant;
}

export interface FreeSlot {
  at: Instant;
  taken_by?: string;
}

export interface Asset {
  id: string;
  version: number;
  name: string;
  mime: string;
  kind: 'image' | 'video' | 'gif' | 'audio' | 'document';
  bytes: number;
  width?: number;
  height?: number;
  duration_ms?: number;
  alt?: string;
  state: 'uploading' | 'checking' | 'ready' | 'refused';
  problem?: string;
  renditions?: string[];
  used_in?: number;
  created_at: Instant;
}

export interface MediaRef {
  asset: string;
  alt?: string;
}

export interface Segment {
  text: string;
  media?: MediaRef[];
}

export interface Variant {
  text?: string;
  segments?: Segment[];
  media?: MediaRef[];
  settings?: Record<string, unknown>;
  first_comment?: string;
}

export type ScheduleBody =
  | { at: Instant; timezone: Zone }
  | { slot: 'next' }
  | { now: true; hold_seconds?: number };

export interface PostBody {
  text: string;
  segments?: Segment[];
  media?: MediaRef[];
  channels: string[];
  variants?: Record<string, Variant>;
  labels?: string[];
  schedule?: ScheduleBody | null;
}

export interface Post {
  id: string;
  version: number;
  workspace: string;
  text: string;
  segments?: Segment[];
  media?: MediaRef[];
  channels: string[];
  variants?: Record<string, Variant>;
  labels?: string[];
  schedule?: { kind: string; at?: Instant; timezone?: Zone };
  status: string;
  author?: { id: string; name: string };
  created_at: Instant;
  updated_at: Instant;
  deliveries?: Delivery[];
}

export interface Attempt {
  id: string;
  started_at: Instant;
  ended_at?: Instant;
  step?: string;
  class?: string;
  status_code?: number;
  message?: string;
  lateness_ms?: number;
}

export interface Receipt {
  remote_id?: string;
  permalink?: string;
  published_at: Instant;
}

export interface Delivery {
  id: string;
  version: number;
  post: string;
  channel: string;
  platform?: string;
  part: number;
  role?: string;
  target?: string;
  parent?: string;
  status: string;
  due_at: Instant;
  wake_at?: Instant;
  once?: { by: string; why?: string };
  steps?: { name: string; done: boolean }[];
  message?: string;
  fix?: string;
  class?: string;
  attempts?: Attempt[];
  receipt?: Receipt;
}

export interface CheckProblem {
  code: string;
  field?: string;
  part?: number;
  message: string;
  fix?: string;
  severity: 'block' | 'warn' | 'note';
}

export interface ChannelCheck {
  kind?: string;
  length: number;
  limit: number;
  unit?: string;
  parts?: { length: number; limit: number }[];
  problems: CheckProblem[];
}

export interface CheckAnswer {
  channels: Record<string, ChannelCheck>;
}

export interface CalendarRow {
  id: string;
  version: number;
  due_at?: Instant;
  timezone?: Zone;
  status: string;
  channels: string[];
  text: string;
  thumbnail?: string;
  labels?: string[];
  note?: string;
  updated_at?: Instant;
}

export interface Need {
  delivery: string;
  post: string;
  channel: string;
  status: string;
  text: string;
  message?: string;
  due_at: Instant;
  thumbnail?: string;
}

export interface Home {
  needs: Need[];
  today: CalendarRow[];
  tomorrow: CalendarRow[];
  drafts: CalendarRow[];
  slots: { channel: string; at: Instant }[];
  first_steps: {
    practice_post: boolean;
    channel: boolean;
    invited: boolean;
    second_factor: boolean;
    dismissed: boolean;
  };
}

export interface PracticeItem {
  id: string;
  channel: string;
  text: string;
  media?: { url: string; alt?: string; mime?: string }[];
  parent?: string;
  at: Instant;
  delivery?: string;
}

export interface Page<T> {
  items: T[];
  next_cursor?: string;
}

export interface Check {
  name: string;
  verdict: string;
  fix?: string;
}

export interface Instance {
  version: string;
  store?: { bytes: number };
  checks: Check[];
  public_url?: string;
  tls?: boolean;
}

/* Paths */

type Json<T> = { content: { 'application/json': T }; headers: Record<string, never> };
interface Shape {
  path?: Record<string, string>;
  query?: Record<string, string | number | boolean | string[] | undefined>;
  body?: unknown;
  out?: unknown;
}
type Op<S extends Shape> = {
  parameters: {
    path: S['path'] extends Record<string, string> ? S['path'] : never;
    query?: S['query'];
    header?: Record<string, string>;
  };
  requestBody: S['body'] extends object ? { content: { 'application/json': S['body'] } } : never;
  responses: { 200: Json<S['out']> };
};
type W = { workspace: string };
type O = { organization: string };

/** Every path the interface calls. */
export interface Calls {
  'GET /setup': { out: { claimed: boolean } };
  'POST /setup': { body: SetupBody; out: Claimed };
  'GET /session': { out: Me };
  'POST /session': { body: { email: string; password: string }; out: SignedIn };
  'DELETE /session': { out: undefined };
  'POST /session/mfa': { body: { totp?: string; recovery_code?: string }; out: Me };
  'POST /session/step-up/begin': { body: { for: string; object?: string; body?: unknown }; out: StepUpChallenge };
  'POST /session/step-up': {
    body: { totp?: string; password?: string; for?: string; object?: string; body?: unknown };
    out: { until: Instant };
  };
  'PATCH /me': { body: Partial<Omit<Identity, 'id' | 'email'>>; out: Identity };
  'POST /me/password': { body: { current: string; password: string }; out: undefined };
  'POST /me/totp': { body: Record<string, never>; out: { secret: string; uri: string } };
  'POST /me/totp/confirm': { body: { code: string }; out: { recovery_codes: string[] } };
  'DELETE /me/totp': { out: undefined };
  'POST /me/recovery-codes': { body: Record<string, never>; out: { recovery_codes: string[] } };
  'GET /me/sessions': { out: { items: SessionRow[] } };
  'DELETE /me/sessions': { out: undefined };
  'DELETE /me/sessions/{session}': { path: { session: string }; out: undefined };
  'GET /organizations/{organization}': { path: O; out: Organization };
  'PATCH /organizations/{organization}': { path: O; body: { name?: string }; out: Organization };
  'GET /organizations/{organization}/workspaces': { path: O; out: { items: Workspace[] } };
  'POST /organizations/{organization}/workspaces': { path: O; body: { name: string; timezone: Zone }; out: Workspace };
  'GET /organizations/{organization}/members': { path: O; out: { items: Member[] } };
  'PATCH /organizations/{organization}/members/{member}': {
    path: O & { member: string };
    body: { role?: string; workspaces?: WorkspaceRole[] };
    out: Member;
  };
  'DELETE /organizations/{organization}/members/{member}': { path: O & { member: string }; out: undefined };
  'GET /organizations/{organization}/invitations': { path: O; out: { items: Invitation[] } };
  'POST /organizations/{organization}/invitations': {
    path: O;
    body: { email: string; role: string; workspaces?: WorkspaceRole[] };
    out: Invitation;
  };
  'DELETE /organizations/{organization}/invitations/{invitation}': {
    path: O & { invitation: string };
    out: undefined;
  };
  'POST /invitations/read': { body: { token: string }; out: InvitationRead };
  'POST /invitations/accept': { body: { token: string; name?: string; password: string }; out: Claimed };
  'GET /organizations/{organization}/audit': { path: O; query: { cursor?: string }; out: Page<AuditEvent> };
  'GET /platforms': { out: { items: Platform[] } };
  'GET /workspaces/{workspace}': { path: W; out: Workspace };
  'PATCH /workspaces/{workspace}': { path: W; body: Partial<Omit<Workspace, 'id' | 'version'>>; out: Workspace };
  'GET /workspaces/{workspace}/home': { path: W; out: Home };
  'GET /workspaces/{workspace}/channels': { path: W; out: { items: Channel[] } };
  'POST /workspaces/{workspace}/channels': {
    path: W;
    body: { platform: string; way?: string; fields: Record<string, string> };
    out: Channel;
  };
  'POST /workspaces/{workspace}/channels/authorize': {
    path: W;
    body: { platform: string; way?: string; instance?: string };
    out: { authorize_url: string };
  };
  'GET /workspaces/{workspace}/channels/{channel}': { path: W & { channel: string }; out: Channel };
  'PATCH /workspaces/{workspace}/channels/{channel}': {
    path: W & { channel: string };
    body: { name?: string; paused?: boolean; slots?: Slot[]; settings?: Record<string, unknown> };
    out: Channel;
  };
  'DELETE /workspaces/{workspace}/channels/{channel}': { path: W & { channel: string }; out: undefined };
  'POST /workspaces/{workspace}/channels/{channel}/check': { path: W & { channel: string }; out: Channel };
  'GET /workspaces/{workspace}/channels/{channel}/slots': {
    path: W & { channel: string };
    query: { count?: number };
    out: { items: FreeSlot[] };
  };
  'GET /workspaces/{workspace}/media': {
    path: W;
    query: { cursor?: string; kind?: string; unused?: boolean };
    out: Page<Asset>;
  };
  'GET /workspaces/{workspace}/media/{asset}': { path: W & { asset: string }; out: Asset };
  'PATCH /workspaces/{workspace}/media/{asset}': {
    path: W & { asset: string };
    body: { alt?: string; name?: string };
    out: Asset;
  };
  'DELETE /workspaces/{workspace}/media/{asset}': { path: W & { asset: string }; out: undefined };
  'GET /workspaces/{workspace}/posts': {
    path: W;
    query: {
      from?: string;
      to?: string;
      status?: string;
      channel?: string;
      label?: string;
      q?: string;
      cursor?: string;
      limit?: number;
    };
    out: Page<Post>;
  };
  'POST /workspaces/{workspace}/posts': { path: W; body: PostBody; out: Post };
  'POST /workspaces/{workspace}/posts/check': { path: W; body: PostBody; out: CheckAnswer };
  'GET /workspaces/{workspace}/posts/{post}': { path: W & { post: string }; out: Post };
  'PATCH /workspaces/{workspace}/posts/{post}': { path: W & { post: string }; body: Partial<PostBody>; out: Post };
  'DELETE /workspaces/{workspace}/posts/{post}': { path: W & { post: string }; out: undefined };
  'GET /workspaces/{workspace}/calendar': {
    path: W;
    query: { from: string; to: string };
    out: { items: CalendarRow[] };
  };
  'GET /workspaces/{workspace}/deliveries/{delivery}': { path: W & { delivery: string }; out: Delivery };
  'POST /workspaces/{workspace}/deliveries/{delivery}/retry': { path: W & { delivery: string }; out: Delivery };
  'POST /workspaces/{workspace}/deliveries/{delivery}/cancel': { path: W & { delivery: string }; out: Delivery };
  'POST /workspaces/{workspace}/deliveries/{delivery}/resolve': {
    path: W & { delivery: string };
    body: { outcome: 'published' | 'not_published'; permalink?: string; resend?: boolean };
    out: Delivery;
  };
  'GET /workspaces/{workspace}/practice': { path: W; query: { cursor?: string }; out: Page<PracticeItem> };
  'GET /instance': { out: Instance };
}

type PathsOf<C> = C extends `${string} ${infer P}` ? P : never;
type Verb<C, P extends string> = {
  [K in keyof C as K extends `${infer M} ${P}` ? Lowercase<M> : never]: Op<C[K] extends Shape ? C[K] : Shape>;
};

/** The same in the form of a generated OpenAPI type. */
export type paths = { [P in PathsOf<keyof Calls>]: Verb<Calls, P> };
