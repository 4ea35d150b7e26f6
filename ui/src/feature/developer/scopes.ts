/** What a key can be given: the permissions by which programs can do something, in the order in which they are offered. */
export const scopes = {
  content: ['workspace.read', 'posts.draft', 'posts.publish', 'media.write'],
  places: ['channels.write', 'workspace.write', 'workspaces.create'],
  organization: ['organization.read', 'organization.write', 'members.read', 'members.write', 'audit.read'],
} as const;

export const groups = Object.keys(scopes) as (keyof typeof scopes)[];

/** How long keys may live, in days; the server wants them to end within two years. */
export const lives = [7, 30, 90, 180, 365] as const;
