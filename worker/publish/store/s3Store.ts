import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Readable } from 'node:stream';
import { addAbortSignal } from 'node:stream';
import {
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  S3Client,
} from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { Logger } from '../../../common/createLogger.ts';
import type { ObjectStore, PutOptions, StoredObject } from './objectStore.ts';
import { objectUrl } from './objectUrl.ts';
import { probeConditionalPut } from './probeConditionalPut.ts';
import { type S3Call, s3Failure } from './s3Failure.ts';
import { S3Put } from './s3Put.ts';
import { StoreError } from './storeError.ts';

export interface S3StoreOptions {
  /** Without the bucket. */
  endpoint: string;
  region: string;
  bucket: string;
  accessKey: string;
  secretKey: string;
  publicUrl: string;
  log: Logger;
  /** Keep it above the number of PUTs in flight: waiting for a connection counts as part of the request. Default 64. */
  maxSockets?: number;
  /** ms. `request` counts from the start, upload and body included. Defaults 3,000, 8,000 and 15,000. */
  timeouts?: { connect?: number; idle?: number; request?: number };
}

interface Signal {
  signal?: AbortSignal;
}

/** DeleteObjects takes no more. */
const deleteBatch = 1_000;

/** Objects in R2 or any S3 store. One attempt per call and a limit on each: retries belong to the caller. */
export class S3Store implements ObjectStore {
  readonly #client: S3Client;
  readonly #put: S3Put;
  readonly #agents: readonly [HttpAgent, HttpsAgent];
  readonly #bucket: string;
  readonly #publicUrl: string;
  readonly #requestMs: number;
  #answered = false;

  constructor(options: S3StoreOptions) {
    const sockets = { keepAlive: true, maxSockets: options.maxSockets ?? 64 };
    const [httpAgent, httpsAgent] = [new HttpAgent(sockets), new HttpsAgent(sockets)];
    this.#agents = [httpAgent, httpsAgent];
    this.#bucket = options.bucket;
    this.#publicUrl = options.publicUrl;
    this.#requestMs = options.timeouts?.request ?? 15_000;
    const requestHandler = new NodeHttpHandler({
      httpAgent,
      httpsAgent,
      connectionTimeout: options.timeouts?.connect ?? 3_000,
      socketTimeout: options.timeouts?.idle ?? 8_000,
      requestTimeout: this.#requestMs,
      throwOnRequestTimeout: true,
      logger: sdkLogger(options.log),
    });
    this.#put = new S3Put({ ...options, handler: requestHandler });
    this.#client = new S3Client({
      region: options.region,
      endpoint: options.endpoint,
      forcePathStyle: true,
      credentials: { accessKeyId: options.accessKey, secretAccessKey: options.secretKey },
      maxAttempts: 1,
      // R2 and others refuse the SDK's own CRC32 trailers; the signature covers the body's SHA-256.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      requestHandler,
    });
  }

  async put(key: string, body: Buffer | string, options: PutOptions): Promise<{ etag: string }> {
    const { condition } = options;
    const ifMatch = condition !== undefined && 'ifMatch' in condition;
    return this.#call({ name: `PUT ${key}`, writes: true, ifMatch }, options.signal, async signal => {
      // A stream would go unsigned.
      const bytes = typeof body === 'string' ? Buffer.from(body) : body;
      const etag = await this.#put.send(key, bytes, options, signal);
      // Any page of a captive portal has status 200; only a store sends an ETag.
      if (!etag) throw new StoreError('retry', `PUT ${key}: the answer has no ETag`, { ambiguous: true, status: 200 });
      return { etag: bare(etag) };
    });
  }

  async get(key: string, options: Signal = {}): Promise<StoredObject | undefined> {
    return this.#find({ name: `GET ${key}`, writes: false }, options.signal, async signal => {
      const command = new GetObjectCommand({ Bucket: this.#bucket, Key: key });
      const answer = await this.#client.send(command, { abortSignal: signal });
      const body = await readBody(answer.Body as Readable, signal);
      if (!answer.ETag || body.length !== answer.ContentLength) {
        throw new StoreError('retry', `GET ${key}: the answer is incomplete`);
      }
      return { key, size: body.length, etag: bare(answer.ETag), body, metadata: answer.Metadata ?? {} };
    });
  }

  async head(key: string, options: Signal = {}) {
    return this.#find({ name: `HEAD ${key}`, writes: false }, options.signal, async signal => {
      const command = new HeadObjectCommand({ Bucket: this.#bucket, Key: key });
      const { ETag, ContentLength, Metadata } = await this.#client.send(command, { abortSignal: signal });
      if (!ETag || ContentLength === undefined) throw new StoreError('retry', `HEAD ${key}: the answer is incomplete`);
      return { key, size: ContentLength, etag: bare(ETag), metadata: Metadata ?? {} };
    });
  }

  async delete(keys: readonly string[], options: Signal = {}): Promise<{ failed: { key: string; code: string }[] }> {
    const failed: { key: string; code: string }[] = [];
    for (let start = 0; start < keys.length; start += deleteBatch) {
      failed.push(...(await this.#deleteBatch(keys.slice(start, start + deleteBatch), options.signal)));
    }
    return { failed };
  }

  async #deleteBatch(keys: readonly string[], outer: AbortSignal | undefined) {
    const name = `DELETE ${keys.length} objects (${keys[0]} …)`;
    return this.#call({ name, writes: true }, outer, async signal => {
      const command = new DeleteObjectsCommand({
        Bucket: this.#bucket,
        Delete: { Objects: keys.map(Key => ({ Key })) },
      });
      const { Deleted, Errors } = await this.#client.send(command, { abortSignal: signal });
      if (!Deleted && !Errors)
        throw new StoreError('retry', `${name}: the answer names no object`, { ambiguous: true });
      return (Errors ?? [])
        .filter(({ Code }) => Code !== 'NoSuchKey')
        .map(({ Key = '', Code = 'Unknown' }) => ({ key: Key, code: Code }));
    });
  }

  async *list(prefix: string, options: Signal = {}): AsyncGenerator<string> {
    const call = { name: `LIST ${prefix}`, writes: false };
    let token: string | undefined;
    do {
      const command = new ListObjectsV2Command({
        Bucket: this.#bucket,
        Prefix: prefix,
        ...(token !== undefined && { ContinuationToken: token }),
      });
      const page = await this.#call(call, options.signal, signal =>
        this.#client.send(command, { abortSignal: signal }),
      );
      // A page of HTML with status 200 would otherwise pass for an empty listing.
      if (page.IsTruncated === undefined && page.Name === undefined) {
        throw new StoreError('retry', `LIST ${prefix}: the answer is not a listing`);
      }
      for (const { Key } of page.Contents ?? []) if (Key !== undefined) yield Key;
      const next = page.IsTruncated ? page.NextContinuationToken : undefined;
      // Without this check such an answer would end the list early, or never.
      if (page.IsTruncated && (!next || next === token)) {
        throw new StoreError('retry', `LIST ${prefix}: more pages were announced, but no token for the next`);
      }
      token = next;
    } while (token !== undefined);
  }

  probeConditionalPut(signal?: AbortSignal): Promise<boolean> {
    return probeConditionalPut(this, signal);
  }

  publicUrl(key: string): string {
    return objectUrl(this.#publicUrl, key);
  }

  close(): void {
    this.#client.destroy();
    for (const agent of this.#agents) agent.destroy();
  }

  /** Runs one request under its limit and the caller's signal; what it throws is a StoreError. */
  async #call<Answer>(
    call: Omit<S3Call, 'signal' | 'knownHost'>,
    outer: AbortSignal | undefined,
    run: (signal: AbortSignal) => Promise<Answer>,
  ): Promise<Answer> {
    if (outer?.aborted) throw new StoreError('aborted', `${call.name}: aborted before it was sent`);
    // The SDK's limits end with the answer's head; this one covers its body too, and leaves the SDK time to speak first.
    const limit = AbortSignal.timeout(this.#requestMs + 250);
    try {
      const answer = await run(outer ? AbortSignal.any([outer, limit]) : limit);
      this.#answered = true;
      return answer;
    } catch (error) {
      const failure = s3Failure(error, { ...call, knownHost: this.#answered, signal: outer });
      if (failure.status !== undefined) this.#answered = true;
      throw failure;
    }
  }

  /** The same for reading: no such object is an answer, not a failure. */
  async #find<Answer>(
    call: Omit<S3Call, 'signal' | 'knownHost'>,
    outer: AbortSignal | undefined,
    run: (signal: AbortSignal) => Promise<Answer>,
  ): Promise<Answer | undefined> {
    try {
      return await this.#call(call, outer, run);
    } catch (error) {
      const missing = error instanceof StoreError && error.status === 404 && !isNoSuchBucket(error);
      if (missing) return undefined;
      throw error;
    }
  }
}

const bare = (etag: string): string => etag.replace(/^"|"$/g, '');

const isNoSuchBucket = ({ cause }: StoreError): boolean => cause instanceof Error && cause.name === 'NoSuchBucket';

async function readBody(body: Readable, signal: AbortSignal): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of addAbortSignal(signal, body)) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** The SDK's warnings (no free connection) belong in our log, not on the console. */
function sdkLogger(log: Logger) {
  const quiet = () => undefined;
  const warn = (...words: unknown[]) => log.warn(words.map(String).join(' '));
  return { trace: quiet, debug: quiet, info: quiet, warn, error: warn };
}
