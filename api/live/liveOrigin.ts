import { AppError } from '../../common/errors.ts';
import type { LiveAnswer } from './liveAnswer.ts';
import type { LiveCache } from './liveCache.ts';
import { parseLivePath } from './livePath.ts';
import type { LiveStream } from './liveStream.ts';
import type { OriginComplaints } from './originComplaints.ts';
import { OriginGone } from './originGone.ts';
import type { OriginSessions } from './originSessions.ts';
import type { StreamOwners } from './streamOwners.ts';

const RETRY_MS = 200;
/** A worker holds a request for three target durations at most, and says so then. */
const MARGIN_MS = 2_000;
/** Requests that are under way to workers. Each takes a few kB here and there. */
const MOST_UNDER_WAY = 4_000;

export interface LiveRequest {
  streamId: string;
  /** A playlist, segment or part of the stream. */
  file: string;
  /** In the one form of liveDirectives(). */
  directives: string;
}

/**
 * The files of low-latency streams, from their workers. Equal requests are one: a thousand viewers that wait for a part cost its worker one
 * request. While a stream has no worker that answers, requests wait for the next one.
 */
export class LiveOrigin {
  readonly #owners: StreamOwners;
  readonly #sessions: OriginSessions;
  readonly #cache: LiveCache;
  readonly #holdMs: number;
  readonly #complaints: OriginComplaints;
  readonly #stopping = new AbortController();
  readonly #underWay = new Map<string, Promise<LiveAnswer | undefined>>();

  /** @param deps.holdMs for how long a request may wait: three target durations */
  constructor(deps: {
    owners: StreamOwners;
    sessions: OriginSessions;
    cache: LiveCache;
    holdMs: number;
    complaints: OriginComplaints;
  }) {
    this.#owners = deps.owners;
    this.#sessions = deps.sessions;
    this.#cache = deps.cache;
    this.#holdMs = deps.holdMs;
    this.#complaints = deps.complaints;
  }

  /**
   * The worker's answer; undefined when the stream is not a low-latency one, or has STOPPED. Throws `origin_unavailable` when none has come in
   * time, `not_found` when the stream has not begun, and `redis_unavailable`.
   */
  get({ streamId, file, directives }: LiveRequest): LiveAnswer | Promise<LiveAnswer | undefined> {
    const path = `/${streamId}/${file}${directives && `?${directives}`}`;
    const kept = this.#cache.get(path);
    if (kept) return kept;
    const underWay = this.#underWay.get(path);
    if (underWay) return underWay;
    if (this.#underWay.size >= MOST_UNDER_WAY) throw unavailable('too many requests wait for workers');
    const asking = this.#ask(streamId, path).finally(() => this.#underWay.delete(path));
    this.#underWay.set(path, asking);
    return asking;
  }

  /** Requests that wait end with `origin_unavailable`: their viewers ask another API. */
  stop(): void {
    this.#stopping.abort();
  }

  async #ask(streamId: string, path: string): Promise<LiveAnswer | undefined> {
    const tooLate = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(this.#holdMs + MARGIN_MS)]);
    const until = performance.now() + this.#holdMs;
    for (;;) {
      const stream = await this.#owners.find(streamId);
      if (!stream?.isLowLatency) return undefined;
      const answer = await this.#tryOwner(stream, path, tooLate);
      if (answer) {
        this.#cache.set(path, answer);
        if (answer.preload !== undefined) this.#preload(streamId, answer.preload);
        return answer;
      }
      if (performance.now() >= until || tooLate.aborted)
        throw unavailable(`no worker answers for stream "${streamId}"`);
      // The record may not say yet that another worker has the stream.
      this.#owners.doubt(streamId);
      await this.#owners.change(streamId, RETRY_MS, tooLate);
    }
  }

  /** What a playlist lists is there for its viewers, even when the worker that made it dies a moment later. */
  #preload(streamId: string, file: string): void {
    if (parseLivePath(`/live/${streamId}/${file}`)?.kind !== 'part') return;
    void Promise.resolve(this.get({ streamId, file, directives: '' })).catch(() => undefined);
  }

  /** Undefined: not now; another worker may. */
  async #tryOwner(stream: LiveStream, path: string, signal: AbortSignal): Promise<LiveAnswer | undefined> {
    if (stream.origin === undefined) {
      if (stream.hasStarted) return undefined;
      throw new AppError('not_found', 'the stream has not begun');
    }
    try {
      const answer = await this.#sessions.at(stream.origin).get(path, signal);
      if (isOriginFault(answer)) this.#complaints.note(stream.origin, answer);
      return isNotOwner(answer) || isOriginFault(answer) ? undefined : answer;
    } catch (error) {
      if (signal.aborted) return undefined;
      if (!(error instanceof OriginGone)) throw error;
      this.#complaints.note(stream.origin, undefined, error);
      return undefined;
    }
  }
}

const unavailable = (message: string): AppError => new AppError('origin_unavailable', message);

function isNotOwner({ status, body }: LiveAnswer): boolean {
  return status === 404 && body.length < 1_000 && body.includes('"not_owner"');
}

/** 503 is the end of a hold. Any other such status is a fault of that worker. */
const isOriginFault = ({ status }: LiveAnswer): boolean =>
  status === 401 || (status >= 500 && status !== 503) || status === 0;
