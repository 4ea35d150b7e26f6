/** Short names for the generated shapes of the API, and what a call takes and gives, from the same document. */
import type { components, paths } from './schema';

type Shapes = components['schemas'];

export type Me = Shapes['IdentityMe'];
export type Identity = Shapes['IdentityProfile'];
export type Barred = Shapes['IdentityBarred'];
export type OrganizationRow = Shapes['IdentityOrganizationAccess'];
export type WorkspaceRow = Shapes['IdentityWorkspaceAccess'];
export type Workspace = Shapes['OrganizationWorkspace'];
export type Member = Shapes['OrganizationMember'];
export type Invitation = Shapes['OrganizationInvitation'];
export type InvitationRead = Shapes['IdentityInvitedTo'];
export type WorkspaceRole = Shapes['OrganizationPlace'];
export type AltTextRule = Workspace['alt_text'];

export type Platform = Shapes['ChannelPlatform'];
export type PostKind = Shapes['ChannelKind'];
export type TextRule = Shapes['ChannelText'];
export type ConnectField = Shapes['ChannelField'];
export type Channel = Shapes['Channel'];
export type App = Shapes['ChannelApp'];
export type AppTest = Shapes['ChannelAppTest'];
export type Targets = Shapes['ChannelTargets'];
export type Slot = Shapes['ScheduleSlot'];

export type Asset = Shapes['MediaAsset'];
export type Post = Shapes['Post'];
export type PostBody = Shapes['PostContent'];
export type PostChanges = Shapes['PostChanges'];
export type MediaRef = Shapes['PostMedia'];
export type Segment = Shapes['PostPart'];
export type Variant = Shapes['PostVariant'];
export type ScheduleBody = Shapes['PostWish'];
export type CheckProblem = Shapes['PostTrouble'];

export type DeliveryRow = Shapes['PostDelivery'];
export type Delivery = Shapes['PostDeliveryDetail'];
export type Recalled = Shapes['PostRecall'];
export type NoticeRow = Shapes['NotifyNotice'];
export type Home = Shapes['PostHome'];
export type Need = Shapes['PostNeed'];
export type CalendarRow = Shapes['PostRow'];

export type Grant = Shapes['SupportGrant'];
export type GrantRead = Shapes['SupportSighting'];
export type SupportPolicy = Shapes['SupportPolicyAnswer'];
export type MemberRead = Shapes['SupportMemberRead'];
export type OrganizationRead = Shapes['SupportOrganizationRead'];
export type PostRowRead = Shapes['SupportPostRow'];
export type PostRead = Shapes['SupportPostRead'];
export type AssetRow = Shapes['SupportAssetRow'];
export type AssetRead = Shapes['SupportAssetRead'];
export type Passkey = Shapes['IdentityPasskey'];
export type SignIns = Shapes['IdentityPolicy'];
export type StaffPerson = Shapes['IdentityStaff'];

export type AuditEntry = Shapes['TrailEntry'];
export type Verification = Shapes['TrailVerification'];
export type Offsite = Shapes['TrailOffsite'];
export type OffsiteTarget = Shapes['TrailTarget'];
export type ApiKey = Shapes['Apikey'];
export type MadeKey = Shapes['ApikeyMade'];
export type SignOn = Shapes['IdentitySignOn'];
export type Recovery = Shapes['IdentityRecovery'];
export type Letter = Shapes['MailLetter'];

type Verb = 'get' | 'post' | 'patch' | 'put' | 'delete';
type Named<P extends keyof paths> = {
  [M in Verb]: M extends keyof paths[P]
    ? paths[P][M] extends { responses: unknown }
      ? P extends `/api/v1${infer R}`
        ? `${Uppercase<M>} ${R}`
        : never
      : never
    : never;
}[Verb];

/** Every operation by method and path: "GET /workspaces/{workspace}/home". */
export type Name = { [P in keyof paths]: Named<P> }[keyof paths];

type Operation<N extends Name> = N extends `${infer M} ${infer R}`
  ? `/api/v1${R}` extends infer P extends keyof paths
    ? Lowercase<M> extends infer V extends keyof paths[P]
      ? paths[P][V]
      : never
    : never
  : never;

type Json<T> = T extends { content: { 'application/json': infer B } } ? B : undefined;
type Good<R> = R extends { 200: infer A } ? Json<A> : R extends { 201: infer A } ? Json<A> : undefined;

/** The values in an operation's path. */
export type PathOf<N extends Name> = Operation<N> extends { parameters: { path: infer P } } ? P : undefined;
/** The values behind the question mark. */
export type QueryOf<N extends Name> = Operation<N> extends { parameters: { query?: infer Q } } ? Q : undefined;
/** The body it takes. */
export type BodyOf<N extends Name> = Operation<N> extends { requestBody: infer B } ? Json<B> : undefined;
/** What it answers. */
export type AnswerOf<N extends Name> = Operation<N> extends { responses: infer R } ? Good<R> : undefined;
