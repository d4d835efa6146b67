import { createHash, createSecretKey, type KeyObject } from 'node:crypto';
import jwt from 'jsonwebtoken';
import type { Admission } from './listenerGate.ts';
import { parseSrtStreamId } from './parseSrtStreamId.ts';

/** A stream key: a JWT (HS256) with the claims `stream_id`, `exp`, and `run`: it is good for one run of the stream. */
export function mintStreamKey(options: { streamId: string; run: string; secret: string; ttlSeconds: number }): string {
  return jwt.sign({ stream_id: options.streamId, run: options.run }, options.secret, {
    algorithm: 'HS256',
    expiresIn: options.ttlSeconds,
    noTimestamp: true,
  });
}

const REMEMBERED = 64;

const refuse = (code: number, why: string): Admission => ({ accept: false, code, why });
const UNREADABLE = refuse(1400, 'the stream id is not of the form mode=publish,rid=<stream>,token=<key>');
const NOT_PUBLISH = refuse(1405, 'the stream id does not say mode=publish');
const NO_KEY = refuse(1401, 'there is no stream key in the stream id');
const BAD_KEY = refuse(1401, 'the stream key is not one of ours');
const EXPIRED = refuse(1401, 'the stream key has expired');
const OTHER_RUN = refuse(1410, 'the stream key is for another run of this stream, which has been started again since');
const OTHER_STREAM = refuse(1403, 'the stream key, or the rid, is for another stream');

/** Judges the stream ids of callers for one run of one stream. */
export class StreamKeyCheck {
  readonly #streamId: string;
  readonly #secret: KeyObject;
  readonly #run: string;
  readonly #acceptExpired: boolean;
  /** Hashes of the keys that got in: they stay good for reconnects after they have expired. */
  readonly #accepted = new Set<string>();
  /** A judgement stays; refused encoders ask again up to a hundred times a second. By the hash of the whole text. */
  readonly #judged = new Map<string, Admission>();

  /**
   * @param options.acceptExpired an earlier owner of the run accepted a key of it that this one has not seen: all keys of
   *   this run are good, also after they have expired
   */
  constructor(options: { streamId: string; run: string; secret: string; acceptExpired?: boolean }) {
    this.#streamId = options.streamId;
    this.#run = options.run;
    this.#secret = createSecretKey(options.secret, 'utf8');
    this.#acceptExpired = options.acceptExpired ?? false;
  }

  /** Codes: 1400 unreadable, 1401 no good key, 1403 for another stream, 1405 not publishing, 1410 for another run. */
  judge(streamIdText: string): Admission {
    const digest = sha256(streamIdText);
    const known = this.#judged.get(digest);
    if (known) return known;
    const admission = this.#judge(streamIdText);
    if (this.#judged.size >= REMEMBERED) this.#judged.clear();
    this.#judged.set(digest, admission);
    return admission;
  }

  #judge(streamIdText: string): Admission {
    const request = parseSrtStreamId(streamIdText);
    if (!request) return UNREADABLE;
    if (request.mode !== 'publish') return NOT_PUBLISH;
    if (!request.token) return NO_KEY;
    const claims = this.#verify(request.token);
    if (!claims) return BAD_KEY;
    const digest = sha256(request.token);
    if (claims.streamId !== this.#streamId || request.resource !== this.#streamId) return OTHER_STREAM;
    if (claims.run !== this.#run) return OTHER_RUN;
    const outlives = this.#acceptExpired || this.#accepted.has(digest);
    if (Date.now() >= claims.expiresAt && !outlives) return EXPIRED;
    this.#accepted.add(digest);
    return { accept: true };
  }

  /** Undefined when the signature, or the claims, are not ours. A key without `exp` or `run` is none of ours. */
  #verify(token: string): { streamId: string; run: string; expiresAt: number } | undefined {
    try {
      const claims = jwt.verify(token, this.#secret, { algorithms: ['HS256'], ignoreExpiration: true });
      if (typeof claims === 'string' || typeof claims.stream_id !== 'string') return undefined;
      if (typeof claims.exp !== 'number' || typeof claims.run !== 'string') return undefined;
      return { streamId: claims.stream_id, run: claims.run, expiresAt: claims.exp * 1_000 };
    } catch {
      return undefined;
    }
  }
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64');
