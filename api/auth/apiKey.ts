import type { Scope } from '../../common/config/apiKeys.ts';

/** An API key as the API checks requests with it. Times in ms since 1970. */
export interface ApiKey {
  id: string;
  secret: string;
  scopes: readonly Scope[];
  /** From then on it is refused. */
  notAfter?: number | undefined;
  requestsPerMinute?: number | undefined;
  maxStreams?: number | undefined;
  startsPerMinute?: number | undefined;
  createdAt?: number | undefined;
  /** Keys of the configuration cannot be deleted through the API. */
  source: 'configuration' | 'api';
}
