import { emptyResource } from '@opentelemetry/resources';
import type { CollectionResult, MetricProducer } from '@opentelemetry/sdk-metrics';
import type { Redis } from 'ioredis';
import type { Variables } from '../../common/config/variables.ts';
import type { SnapshotMetric } from '../../common/metrics/metricSnapshot.ts';
import { snapshotMetrics } from '../../common/metrics/snapshotMetrics.ts';
import type { EntryParser } from '../../common/redis/entryParser.ts';
import type { StreamSample } from '../../common/stream/streamSample.ts';
import { StreamSamples } from '../../common/stream/streamSamples.ts';
import { StreamStore } from '../../common/stream/streamStore.ts';

/** As many as an OpenTelemetry instrument has. */
const MOST = 2_000;

interface LiveStream {
  streamId: string;
  problems: number;
  sample: StreamSample;
}

const share = (part: number, rest: number): number => (part === 0 ? 0 : part / (part + rest));

const gauges: Record<string, { help: string; read: (stream: LiveStream) => number }> = {
  livetran_stream_receive_bytes_per_second: {
    help: 'Received from the encoder, retransmissions included',
    read: ({ sample }) => (sample.kbps * 1_000) / 8,
  },
  livetran_stream_rtt_seconds: { help: 'Round trip to the encoder', read: ({ sample }) => sample.rttMs / 1_000 },
  livetran_stream_lost_packets_ratio: {
    help: 'Share of the packets of the last second that were missing at first',
    read: ({ sample }) => share(sample.lost, sample.packets),
  },
  livetran_stream_dropped_packets_ratio: {
    help: 'Share of the packets of the last second that did not arrive in time',
    read: ({ sample }) => share(sample.dropped, sample.packets),
  },
  livetran_stream_encode_speed_ratio: {
    help: 'Seconds of media made a second; 0: nothing is encoded',
    read: ({ sample }) => sample.speed,
  },
  livetran_stream_upload_backlog_seconds: {
    help: 'How long the oldest segment has waited for the store',
    read: ({ sample }) => sample.backlogMs / 1_000,
  },
  livetran_stream_problems: { help: 'Problems that its health names now', read: ({ problems }) => problems },
};

/**
 * Series of single streams (label `stream_id`), of at most so many: those with problems first, then those with the highest bit rate.
 * None while Redis is away.
 */
export class StreamMetrics implements MetricProducer {
  readonly #store: StreamStore;
  readonly #samples: StreamSamples;
  readonly #most: number;

  /** @param redis role `request` @param setting STREAM_METRICS */
  constructor(redis: Redis, entries: EntryParser, setting: Variables['STREAM_METRICS']) {
    this.#store = new StreamStore(redis, entries);
    this.#samples = new StreamSamples(redis, entries);
    this.#most = setting === 'off' ? 0 : setting === 'on' ? MOST : setting;
  }

  async collect(): Promise<CollectionResult> {
    const streams = this.#most > 0 ? await this.#top().catch(() => []) : [];
    const snapshot = Object.entries(gauges).map(
      ([name, { help, read }]): SnapshotMetric => ({
        ...{ kind: 'gauge', name, help },
        points: streams.map(stream => [{ stream_id: stream.streamId }, read(stream)]),
      }),
    );
    const metrics = streams.length > 0 ? snapshotMetrics(snapshot) : [];
    return {
      resourceMetrics: { resource: emptyResource(), scopeMetrics: [{ scope: { name: '' }, metrics }] },
      errors: [],
    };
  }

  async #top(): Promise<LiveStream[]> {
    const live = (await this.#store.live()).filter(({ state }) => state === 'STREAMING');
    const problems = new Map(live.map(({ run, health }) => [run, health?.problems.length ?? 0]));
    const streams = (await this.#samples.latest(live)).map(({ streamId, run, sample }) => ({
      ...{ streamId, sample },
      problems: problems.get(run) ?? 0,
    }));
    return streams.toSorted((a, b) => b.problems - a.problems || b.sample.kbps - a.sample.kbps).slice(0, this.#most);
  }
}
