import { createHash, createSecretKey, type KeyObject } from 'node:crypto';
import { type Admission, refuse } from './admission.ts';
import { parseSrtStreamId } from './parseSrtStreamId.ts';
import { readPublishRequest } from './readPublishRequest.ts';

const REMEMBERED = 64;

const EXPIRED = refuse(1401, 'the stream key has expired');
const OTHER_RUN = refuse(1410, 'the stream key is for another run of this stream, which has been started again since');
const REVOKED = refuse(1410, 'the stream key was revoked; the stream has a new one');
const OTHER_STREAM = refuse(1403, 'the stream key, or the rid, is for another stream');

/** Which keys of a run are good at present, and whether there is a passphrase. */
export interface StreamAccess {
  /** Keys of earlier generations are revoked. */
  floor: number;
  passphrase?: string | undefined;
}

/** Judges the stream ids of callers for one run of one stream. */
export class StreamKeyCheck {
  readonly #streamId: string;
  readonly #secret: KeyObject;
  readonly #run: string;
  readonly #acceptExpired: boolean;
  /** Digests of the keys that got in: they stay good for reconnects after they have expired. */
  readonly #accepted = new Set<string>();
  /** A judgement stays; refused encoders ask again up to a hundred times a second. By the hash of the whole text. */
  readonly #judged = new Map<string, Admission>();
  #access: StreamAccess;

  /**
   * @param options.acceptExpired an earlier owner of the run accepted a key of it that this one has not seen: all keys of
   *   this run are good, also after they have expired
   */
  constructor(options: {
    streamId: string;
    run: string;
    secret: string;
    acceptExpired?: boolean;
    access?: StreamAccess;
  }) {
    this.#streamId = options.streamId;
    this.#run = options.run;
    this.#secret = createSecretKey(options.secret, 'utf8');
    this.#acceptExpired = options.acceptExpired ?? false;
    this.#access = options.access ?? { floor: 0 };
  }

  /** From now on. What was judged before is judged again. */
  change(access: StreamAccess): void {
    this.#access = access;
    this.#judged.clear();
  }

  /**
   * Codes: those of readPublishRequest, 1403 for another stream, 1410 for another run or a revoked key. A stream with a passphrase
   * accepts callers without a key, since libsrt checks their passphrase afterwards.
   */
  judge(streamIdText: string): Admission {
    const digest = createHash('sha256').update(streamIdText).digest('base64');
    const known = this.#judged.get(digest);
    if (known) return known;
    const admission = this.#judge(streamIdText);
    if (this.#judged.size >= REMEMBERED) this.#judged.clear();
    this.#judged.set(digest, admission);
    return admission;
  }

  #judge(streamIdText: string): Admission {
    const { floor, passphrase } = this.#access;
    const encryption = passphrase === undefined ? {} : { passphrase };
    if (passphrase !== undefined && this.#isWithoutKey(streamIdText)) return { accept: true, ...encryption };
    const request = readPublishRequest(streamIdText, this.#secret);
    if (!request.accept) return request;
    if (request.streamId !== this.#streamId) return OTHER_STREAM;
    if (request.run !== this.#run) return OTHER_RUN;
    if (request.generation < floor) return REVOKED;
    const outlives = this.#acceptExpired || this.#accepted.has(request.keyDigest);
    if (Date.now() >= request.expiresAt && !outlives) return EXPIRED;
    this.#accepted.add(request.keyDigest);
    return { accept: true, generation: request.generation, ...encryption };
  }

  /** No stream id, this stream's name alone, or a request to publish to it that has no token. */
  #isWithoutKey(streamIdText: string): boolean {
    const text = streamIdText.trim();
    if (text === '' || text === this.#streamId) return true;
    const request = parseSrtStreamId(text);
    return request?.resource === this.#streamId && request.mode === 'publish' && !request.token;
  }
}
