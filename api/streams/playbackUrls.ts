import type { Config } from '../../common/config/loadConfig.ts';
import { isLadder } from '../../common/stream/streamProfile.ts';
import type { StreamRecord } from '../../common/stream/streamRecord.ts';

/** Where viewers play a stream. */
export interface PlaybackUrls {
  /** The playlist in the bucket. */
  hls: string;
  /** The low-latency playlist at the API; null: the stream has none. */
  lowLatency: string | null;
}

/** Makes the URLs of streams. A viewer's token is a folder before the stream's. */
export class PlaybackPlaces {
  readonly #bucket: string;
  readonly #live: string;

  constructor(config: Pick<Config, 'storage' | 'API_PUBLIC_URL' | 'TLS' | 'API_PORT'>) {
    const api = config.API_PUBLIC_URL ?? `${config.TLS ? 'https' : 'http'}://localhost:${config.API_PORT}`;
    this.#bucket = config.storage.publicUrl;
    this.#live = `${api.replace(/\/+$/, '')}/live`;
  }

  of(record: Pick<StreamRecord, 'streamId' | 'profile' | 'latency'>, token?: string): PlaybackUrls {
    const { streamId, profile, latency } = record;
    const folder = token === undefined ? streamId : `${token}/${streamId}`;
    const file = `${streamId}${isLadder(profile) ? '_master' : ''}.m3u8`;
    return {
      hls: `${this.#bucket}/${folder}/${file}`,
      lowLatency: latency === 'low' ? `${this.#live}/${folder}/${file}` : null,
    };
  }
}
