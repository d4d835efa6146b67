/** What a key may do: the scopes of keys, and what each route asks for. `public`: the route is not signed. */
export const scopes = ['streams:read', 'streams:write', 'admin'] as const;

export type Scope = (typeof scopes)[number];
export type Permission = Scope | 'public';
