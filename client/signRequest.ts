/** DOM's types and Node's have this one under different names. */
type HmacKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

/** What a signature covers. `path` is the path with its query, as it is sent. */
export interface SignedParts {
  method: string;
  path: string;
  body: string;
}

/** Signs one request; resolves to the value of the header LT-SIGNATURE. */
export type Sign = (parts: SignedParts) => Promise<string>;

/**
 * Signs requests with an API key: `t=<unix seconds>,v1=<hex hmac_sha256("<t>.<METHOD>.<path and query>.<body>")>`, with
 * `k=<key id>,` before it for a key other than `default`. Uses WebCrypto, which Node 20 and browsers have.
 */
export function createSign(key: { secret: string; id?: string }): Sign {
  let imported: Promise<HmacKey> | undefined;
  return async ({ method, path, body }) => {
    imported ??= importKey(key.secret, 'sign');
    const time = uniqueTime();
    const text = new TextEncoder().encode(`${time}.${method}.${path}.${body}`);
    const digest = await crypto.subtle.sign('HMAC', await imported, text);
    const signature = `t=${time},v1=${hex(digest)}`;
    return key.id === undefined || key.id === 'default' ? signature : `k=${key.id},${signature}`;
  };
}

/** A secret as a key for HMAC-SHA256. */
export function importKey(secret: string, use: 'sign' | 'verify'): Promise<HmacKey> {
  const bytes = new TextEncoder().encode(secret);
  return crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, [use]);
}

/** Unix seconds. A signature is good for one request: the random fraction makes two equal requests in a second differ. */
function uniqueTime(): string {
  const [random = 0] = crypto.getRandomValues(new Uint32Array(1));
  return `${Math.floor(Date.now() / 1_000)}.${String(random % 1_000_000_000).padStart(9, '0')}`;
}

const hex = (bytes: ArrayBuffer): string =>
  Array.from(new Uint8Array(bytes), byte => byte.toString(16).padStart(2, '0')).join('');
