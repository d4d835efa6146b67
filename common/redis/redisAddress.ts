/** Where Redis is, as REDIS_URL says: one server, or Sentinels that know which server is the primary. */
export type RedisAddress =
  | { kind: 'server'; host: string }
  | {
      kind: 'sentinel';
      sentinels: { host: string; port: number }[];
      /** Of the primary, as the Sentinels call it. */
      name: string;
      db: number;
      tls: boolean;
      /** Of the primary and its replicas. */
      username?: string;
      password?: string;
      /** Of the Sentinels themselves. */
      sentinelUsername?: string;
      sentinelPassword?: string;
    };

const SENTINEL =
  /^(rediss?)\+sentinel:\/\/(?:(?<username>[^:@/]*)(?::(?<password>[^@/]*))?@)?(?<hosts>[^/@?]+)\/(?<name>[A-Za-z0-9._-]+)(?:\/(?<db>\d{1,4}))?(?:\?(?<query>.*))?$/;
const HOST = /^(?<host>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::(?<port>\d{1,5}))?$/;
const SENTINEL_PORT = 26_379;

/**
 * Reads REDIS_URL: `redis://`, `rediss://` (TLS), or `redis+sentinel://[user:password@]host:port,host:port/<name>[/<db>]`, with
 * `rediss+sentinel` for TLS. The query of that form may have `sentinel_username` and `sentinel_password`. Undefined: it is none of these.
 * A pure function.
 */
export function redisAddress(url: string): RedisAddress | undefined {
  if (/^rediss?:\/\//.test(url)) return URL.canParse(url) ? { kind: 'server', host: new URL(url).host } : undefined;
  const { hosts, name, db, query, ...login } = SENTINEL.exec(url)?.groups ?? {};
  const sentinels = hosts?.split(',').map(sentinel) ?? [];
  if (name === undefined || sentinels.some(each => each === undefined)) return undefined;
  const {
    sentinel_username: user,
    sentinel_password: password,
    ...unknown
  } = Object.fromEntries(new URLSearchParams(query));
  if (Object.keys(unknown).length > 0) return undefined;
  try {
    return {
      kind: 'sentinel',
      ...{ sentinels: sentinels.flatMap(each => each ?? []), name, db: Number(db ?? 0), tls: url.startsWith('rediss') },
      ...(login.username && { username: decodeURIComponent(login.username) }),
      ...(login.password && { password: decodeURIComponent(login.password) }),
      ...(user && { sentinelUsername: user }),
      ...(password && { sentinelPassword: password }),
    };
  } catch {
    return undefined;
  }
}

function sentinel(text: string): { host: string; port: number } | undefined {
  const { host, port } = HOST.exec(text)?.groups ?? {};
  if (host === undefined || Number(port) > 65_535) return undefined;
  return { host: host.replace(/[[\]]/g, ''), port: Number(port ?? SENTINEL_PORT) };
}
