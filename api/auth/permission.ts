import type { Scope } from '../../common/config/apiKeys.ts';

/** What a route asks for. `public`: the route is not signed. */
export type Permission = Scope | 'public';
