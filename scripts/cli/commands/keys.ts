import type { Key, NewKey } from '../../../client/index.ts';
import type { CommandContext } from '../commandContext.ts';
import { table } from '../table.ts';

/** The options of the command line. */
export interface NewKeyFlags {
  scope: NewKey['scopes'];
  id?: string;
  notAfter?: string;
  requestsPerMinute?: number;
  maxStreams?: number;
  startsPerMinute?: number;
}

const heading = ['KEY', 'SCOPES', 'NOT AFTER', 'REQUESTS/MIN', 'STREAMS', 'STARTS/MIN', 'SOURCE'];

/** Prints the API keys, without their secrets. */
export async function listKeys({ client, terminal: { out }, json }: CommandContext): Promise<number> {
  const keys = await client.keys.list();
  if (json) for (const key of keys) out(JSON.stringify(key));
  else for (const line of table([heading, ...keys.map(row)])) out(line);
  return 0;
}

const row = (key: Key): string[] => [
  ...[key.id, key.scopes.join(' '), key.not_after?.slice(0, 19) ?? ''],
  ...[key.requests_per_minute, key.max_streams, key.starts_per_minute].map(limit => `${limit ?? ''}`),
  key.source,
];

/** Makes an API key. This is the only time that its secret is shown. */
export async function createKey(
  { client, terminal: { out, err }, json }: CommandContext,
  { scope, id, notAfter, requestsPerMinute, maxStreams, startsPerMinute }: NewKeyFlags,
): Promise<number> {
  const limits = {
    requests_per_minute: requestsPerMinute,
    max_streams: maxStreams,
    starts_per_minute: startsPerMinute,
  };
  const key = await client.keys.create({ scopes: scope, id, not_after: notAfter, ...limits });
  if (json) out(JSON.stringify(key));
  else {
    out(`API_KEY_ID      ${key.id}`);
    out(`API_KEY_SECRET  ${key.secret}`);
    err('Keep the secret now: it is not shown again.');
  }
  return 0;
}

/** Revokes an API key. */
export async function revokeKey({ client, terminal: { out }, json }: CommandContext, id: string): Promise<number> {
  await client.keys.revoke(id);
  out(json ? JSON.stringify({ id, revoked: true }) : `${id}: revoked`);
  return 0;
}
