/** What a grant can cover, in the order in which it is shown. The fields themselves are the server's types. */
export const categories = ['account', 'organization', 'posts', 'media', 'analytics'] as const;

export type Category = (typeof categories)[number];
