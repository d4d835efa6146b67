import { createHash, createHmac } from 'node:crypto';

const ALGORITHM = 'AWS4-HMAC-SHA256';

/** Signs requests with AWS Signature Version 4 for S3: all headers and the body. One key, one region. */
export class SignV4 {
  readonly #keys: { accessKey: string; secretKey: string };
  readonly #region: string;
  /** A day's signing key: four hashes less for each request. */
  #signing: { day: string; key: Buffer } | undefined;

  constructor(keys: { accessKey: string; secretKey: string }, region: string) {
    this.#keys = keys;
    this.#region = region;
  }

  /**
   * The headers with those of the signature.
   * @param request.path percent-encoded, without a query
   * @param request.headers lower-case names; `host` among them
   * @param now ms since 1970; a store refuses what is 15 minutes off
   */
  sign(
    request: { method: string; path: string; headers: Readonly<Record<string, string>>; body: Buffer },
    now: number,
  ): Record<string, string> {
    const time = new Date(now).toISOString().replace(/[-:]|\.\d{3}/g, '');
    const bodyHash = sha256(request.body);
    const headers = { ...request.headers, 'x-amz-content-sha256': bodyHash, 'x-amz-date': time };
    const sorted = Object.entries(headers).sort(([a], [b]) => (a < b ? -1 : 1));
    const names = sorted.map(([name]) => name).join(';');
    const lines = sorted.map(([name, value]) => `${name}:${value.trim().replace(/ +/g, ' ')}\n`).join('');
    const canonical = `${request.method}\n${request.path}\n\n${lines}\n${names}\n${bodyHash}`;
    const day = time.slice(0, 8);
    const scope = `${day}/${this.#region}/s3/aws4_request`;
    const signature = hmac(this.#signingKey(day), `${ALGORITHM}\n${time}\n${scope}\n${sha256(canonical)}`).toString(
      'hex',
    );
    const credential = `Credential=${this.#keys.accessKey}/${scope}`;
    return { ...headers, authorization: `${ALGORITHM} ${credential}, SignedHeaders=${names}, Signature=${signature}` };
  }

  #signingKey(day: string): Buffer {
    if (this.#signing?.day !== day) {
      const first = hmac(`AWS4${this.#keys.secretKey}`, day);
      this.#signing = { day, key: [this.#region, 's3', 'aws4_request'].reduce(hmac, first) };
    }
    return this.#signing.key;
  }
}

const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
