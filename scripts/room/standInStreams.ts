import type { Redis } from 'ioredis';
import { keys } from '../../common/redis/keys.ts';
import { StreamLogs } from '../../common/stream/streamLogs.ts';
import { StreamSamples } from '../../common/stream/streamSamples.ts';
import { idleWorker } from '../../common/testing/idleWorker.ts';
import { sampleOf } from '../../common/testing/streamSamples.ts';
import { WorkerRegistry } from '../../common/workers/workerRegistry.ts';

const SECOND_MS = 1_000;
const MINUTES = 15;

const titles = [
  'Evening news',
  'Harbour camera',
  'Chamber orchestra',
  'Council meeting',
  'Second court',
  'Open lecture',
];

export interface StandIns {
  /** Their ids, the first one the newest. */
  ids: string[];
  stop(): Promise<void>;
}

/**
 * Live streams without workers or encoders: records, 15 minutes of samples and a new one each second, health, logs, and workers' heartbeats,
 * written as workers write them. Every tenth stream has a problem, every eleventh waits for its encoder.
 * @param options.playlist the address of a stream's playlist
 */
export async function standInStreams(
  redis: Redis,
  options: { count: number; playlist: (id: string) => string },
): Promise<StandIns> {
  const ids = Array.from({ length: options.count }, (_, i) => `show-${String(i + 1).padStart(3, '0')}`);
  const samples = new StreamSamples(redis);
  const registry = new WorkerRegistry(redis);
  const now = Date.now();
  for (const [i, id] of ids.entries()) await writeRecord(redis, id, i, options.playlist(id));
  for (let ago = MINUTES * 60; ago > 0; ago -= 1) await samples.append(secondOf(ids, now - ago * SECOND_MS));
  const beat = async (): Promise<void> => {
    await samples.append(secondOf(ids, Date.now()));
    for (const [i, node] of ['host-1', 'host-1', 'host-2'].entries())
      await registry.heartbeat(workerOf(i, node, ids), 8_000);
  };
  await beat();
  let running: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    running = running.then(beat);
  }, SECOND_MS);
  return {
    ids,
    stop: async () => {
      clearInterval(timer);
      await running;
    },
  };
}

const isWaiting = (i: number): boolean => i % 11 === 10;

async function writeRecord(redis: Redis, id: string, i: number, playlist: string): Promise<void> {
  const now = Date.now();
  const createdAt = now - (i + 1) * 97_000;
  const state = isWaiting(i) ? 'READY' : 'STREAMING';
  const port = 20_000 + i;
  await redis.hset(keys.stream(id), {
    ...{ streamId: id, run: '1', state, reason: isWaiting(i) ? 'encoder_gone' : 'playable', desired: 'run' },
    ...{
      profile: i % 3 === 0 ? 'ladder' : 'transcode',
      abr: i % 3 === 0 ? '1' : '0',
      latency: 'standard',
      record: '1',
    },
    ...{ title: titles[i % titles.length], webhookUrls: '[]', createdAt, updatedAt: now, readyAt: createdAt + 300 },
    ...{ streamingAt: createdAt + 9_000, owner: 'process/1', leaseUntil: now + 3_600_000, node: `host-${1 + (i % 2)}` },
    ...{ worker: `host-${1 + (i % 2)}-1`, port, peer: `198.51.100.${i % 250}:40000`, streamLink: playlist },
    srtUrl: `srt://media.example.com:${port}?streamid=mode=publish,rid=${id},token=eyJhbGciOiJIUzI1NiJ9.stand-in.key`,
    update: isWaiting(i) ? 'the encoder is gone; waiting for it to come back' : 'the stream plays',
    health: JSON.stringify({ since: now - 60_000, problems: i % 10 === 3 ? [problem(now)] : [] }),
    source: JSON.stringify({
      video: { codec: 'h264', width: 1_920, height: 1_080 },
      audio: { codec: 'aac' },
      renditions: [{ width: 1_920, height: 1_080, videoKbps: 5_000 }],
    }),
  });
  await redis.sadd(keys.live, id);
  await redis.zadd(keys.index, createdAt, id);
  const line = { level: 30, details: `{"port":${port}}` };
  await new StreamLogs(redis).append(
    new Map([
      [
        id,
        [
          { ...line, time: createdAt + 300, message: 'listener open' },
          { ...line, time: createdAt + 9_000, message: 'encoder connected' },
          {
            ...line,
            level: 40,
            time: now - 61_000,
            message: 'the stream has a problem',
            details: '{"code":"packets_dropped"}',
          },
        ],
      ],
    ]),
  );
}

const problem = (now: number) => ({
  ...{ code: 'packets_dropped', fault: 'network', since: now - 60_000 },
  message: '4.1 % of the packets did not arrive in time, so parts of the picture are missing',
  advice: "Raise the encoder's SRT latency to 4 times the round trip, or lower its bit rate",
});

/** A second of every stream that has an encoder: curves that move, and losses where there is a problem. */
function secondOf(ids: readonly string[], time: number): Parameters<StreamSamples['append']>[0] {
  return ids.flatMap((streamId, i) => {
    if (isWaiting(i)) return [];
    const wave = Math.sin(time / 41_000 + i) + Math.sin(time / 7_300 + 2 * i) / 3;
    const lost = i % 10 === 3 ? Math.round(18 + 9 * wave) : 0;
    const sample = sampleOf(time, {
      ...{ kbps: 3_200 + 500 * wave, rttMs: 24 + 6 * wave, packets: 300, lost, dropped: Math.round(lost / 2) },
      ...{
        retransmitted: lost,
        speed: 1 + wave / 90,
        lagMs: Math.floor(time / 1_000) % 4 === 0 ? 240 + 60 * wave : -1,
      },
      renditionKbps: [4_900 + 90 * wave],
    });
    return [{ streamId, run: '1', sample }];
  });
}

const workerOf = (i: number, node: string, ids: readonly string[]) =>
  idleWorker(`${node}-${i + 1}`, {
    ...{ node, slots: 100, streams: Math.floor(ids.length / 3), version: '0.1.0', since: Date.now() - 7_200_000 },
    load: { cpu: 0.4 + 0.1 * i, eventLoopMs: 12 + i, slowestEncode: 1.01, spoolFreeBytes: 64e9 },
  });
