import type { FollowOptions } from './followEvents.ts';
import { listAll } from './listAll.ts';
import type { CallOptions, Livetran } from './livetran.ts';
import type { EditStream, Operations, PlaybackToken, RotateKey, Stream, StreamStats } from './openapi.ts';
import type { StreamEvent } from './streamEvent.ts';

/** Streams: start them, show them, follow them, stop them. */
export class Streams {
  readonly #api: Livetran;

  constructor(api: Livetran) {
    this.#api = api;
  }

  /** Starts a stream. Its SRT URL is there as soon as a worker listens: see waitFor(). */
  create(stream: Operations['createStream']['body'], options?: CallOptions): Promise<Stream> {
    return this.#api.call('createStream', { body: stream }, options);
  }

  /** With its newest figures (`stats`). */
  get(streamId: string, options?: CallOptions): Promise<Stream> {
    return this.#api.call('getStream', { params: { stream_id: streamId } }, options);
  }

  /** All streams, the latest first: `for await (const stream of livetran.streams.list())`. */
  list(query: Operations['listStreams']['query'] = {}, options?: CallOptions): AsyncGenerator<Stream> {
    return listAll(page => this.#api.call('listStreams', { query: { ...query, ...page } }, options));
  }

  /** Changes the webhooks, the title, the metadata, or whether the stream is recorded. */
  update(streamId: string, change: EditStream, options?: CallOptions): Promise<Stream> {
    return this.#api.call('editStream', { params: { stream_id: streamId }, body: change }, options);
  }

  /** Makes a new stream key. Resolves to the stream with its new SRT URL. `revoke`: disconnects the encoder of the old one. */
  rotateKey(streamId: string, change: RotateKey = {}, options?: CallOptions): Promise<Stream> {
    return this.#api.call('rotateKey', { params: { stream_id: streamId }, body: change }, options);
  }

  /** A token with which one viewer plays a signed stream, with the URLs in which it is. @param expiresIn seconds; default: an hour */
  createPlaybackToken(streamId: string, expiresIn?: number, options?: CallOptions): Promise<PlaybackToken> {
    const body = expiresIn === undefined ? {} : { expires_in: expiresIn };
    return this.#api.call('createPlaybackToken', { params: { stream_id: streamId }, body }, options);
  }

  /** Its figures, second by second. */
  stats(streamId: string, query: { seconds?: number } = {}, options?: CallOptions): Promise<StreamStats> {
    return this.#api.call('getStreamStats', { params: { stream_id: streamId }, query }, options);
  }

  /** Asks for the end of a stream. Resolves to the stream, which may still be ending: see waitFor(). */
  stop(streamId: string, options?: CallOptions): Promise<Stream> {
    return this.#api.call('stopStream', { params: { stream_id: streamId } }, options);
  }

  /** The same, with the end in the playlist at once. */
  complete(streamId: string, options?: CallOptions): Promise<Stream> {
    return this.#api.call('completeStream', { params: { stream_id: streamId } }, options);
  }

  /**
   * A stream's changes, over all its runs, its present state first. After a break they go on where they ended. A program
   * that ends and begins again hands in the `event_id` of the last event that it handled (`lastEventId`).
   */
  async *events(streamId: string, options?: FollowOptions): AsyncGenerator<StreamEvent> {
    const events = this.#api.follow('followStream', { params: { stream_id: streamId } }, options);
    for await (const { data } of events) yield JSON.parse(data) as StreamEvent;
  }

  /**
   * Resolves to the stream as soon as it is as wanted: `waitFor(id, ({ stream_link }) => stream_link)`. Throws when the
   * stream STOPPED without that, and the signal's reason when that is aborted.
   */
  async waitFor(
    streamId: string,
    isWanted: (stream: Stream) => unknown,
    options: { signal?: AbortSignal } = {},
  ): Promise<Stream> {
    for await (const _event of this.events(streamId, options)) {
      const stream = await this.get(streamId, options);
      if (isWanted(stream)) return stream;
      if (stream.state === 'STOPPED') throw new Error(`${streamId} is STOPPED (${stream.reason}): ${stream.update}`);
    }
    throw options.signal?.reason ?? new Error('the events ended');
  }
}
