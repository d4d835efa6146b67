import { createHash, randomBytes } from 'node:crypto';
import type { AcceptedPut, DoubleObject, Write } from './doubleObject.ts';
import { S3Error } from './s3Error.ts';
import { WriteRules } from './writeRules.ts';

export interface Page {
  keys: string[];
  nextToken: string | undefined;
}

/** The one bucket of the double, in memory. Each method runs in one step, so conditions hold against every other write. */
export class DoubleBucket {
  readonly objects = new Map<string, DoubleObject>();
  readonly rules: WriteRules;
  /** Every PUT that was accepted, in order. */
  readonly accepted: AcceptedPut[] = [];
  readonly #pageSize: number;
  readonly #tokens = new Map<string, { prefix: string; after: string }>();

  constructor(options: { pageSize: number; writesPerSecond: number }) {
    this.#pageSize = options.pageSize;
    this.rules = new WriteRules(options.writesPerSecond);
  }

  put(key: string, write: Write): DoubleObject {
    const current = this.objects.get(key);
    const matches = (list: string) =>
      current !== undefined && (list === '*' || list.split(',').some(tag => bareTag(tag) === current.etag));
    if (write.ifNoneMatch !== undefined && matches(write.ifNoneMatch)) throw preconditionFailed('If-None-Match');
    if (write.ifMatch !== undefined && !matches(write.ifMatch)) throw preconditionFailed('If-Match');
    const etag = createHash('md5').update(write.body).digest('hex');
    this.rules.check(key, write, etag, this.objects);
    const object: DoubleObject = {
      body: write.body,
      etag,
      headers: write.headers,
      metadata: write.metadata,
      lastModified: new Date(),
      writes: [...(current?.writes ?? []), { time: Date.now(), etag }],
    };
    this.objects.set(key, object);
    this.accepted.push({ key, metadata: write.metadata, time: Date.now() });
    return object;
  }

  get(key: string): DoubleObject {
    const object = this.objects.get(key);
    if (!object) throw new S3Error(404, 'NoSuchKey', 'The specified key does not exist.');
    return object;
  }

  delete(key: string): void {
    this.objects.delete(key);
  }

  list(query: { prefix: string; token: string | undefined; startAfter: string; maxKeys: number }): Page {
    const resumed = query.token === undefined ? undefined : this.#tokens.get(query.token);
    if (query.token !== undefined && resumed?.prefix !== query.prefix) {
      throw new S3Error(400, 'InvalidArgument', 'The continuation token provided is incorrect');
    }
    const after = resumed?.after ?? query.startAfter;
    const keys = [...this.objects.keys()]
      .filter(key => key.startsWith(query.prefix) && compareBytes(key, after) > 0)
      .sort(compareBytes);
    const page = keys.slice(0, Math.min(query.maxKeys, this.#pageSize));
    const last = page.at(-1);
    return { keys: page, nextToken: last && page.length < keys.length ? this.#token(query.prefix, last) : undefined };
  }

  /** Random, so that a client cannot take a key, or the token it was given before, for the way on. */
  #token(prefix: string, after: string): string {
    const token = randomBytes(18).toString('base64');
    this.#tokens.set(token, { prefix, after });
    return token;
  }
}

const bareTag = (tag: string): string => tag.trim().replace(/^"|"$/g, '');
const compareBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

function preconditionFailed(condition: string): S3Error {
  return new S3Error(412, 'PreconditionFailed', `At least one of the preconditions did not hold: ${condition}`);
}
