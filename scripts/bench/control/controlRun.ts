import { setTimeout as sleep } from 'node:timers/promises';
import { quantile } from '../quantile.ts';
import { type ControlCluster, type ControlOptions, startControlCluster } from './controlCluster.ts';
import { memoryByFamily, type RedisLoad, redisLoad, redisState } from './redisLoad.ts';
import { startWebhookSink } from './webhookSink.ts';
import type { WorkerFigures } from './workers.ts';

export interface ControlPlan {
  /** Streams that are live, one stage after the other, and how long each is measured (s). */
  stages: readonly { streams: number; seconds: number }[];
  startsPerSecond: number;
  /** From the last start of a stage to its measurement (ms). Default 8 s: encoders come, first segments are stored. */
  settleMs?: number;
  cluster: ControlOptions;
}

export interface ControlStage {
  streams: number;
  load: RedisLoad;
  /** used_memory (bytes). */
  memory: number;
  workers: WorkerFigures[];
}

export interface ControlResult {
  stages: ControlStage[];
  /** From the request to the READY that was written, and to the webhook that reports it (ms), of each start. */
  readyMs: number[];
  toldMs: number[];
  /** Starts that the API did not answer with 200. */
  refused: string[];
  /** Of streams that did not go the way INITIALISED, READY, STREAMING, or went on from there. */
  astray: string[];
  families: Map<string, { keys: number; bytes: number }>;
}

const SETTLE_MS = 8_000;

/** Brings a cluster of simulated workers to each stage in turn, and measures Redis there. */
export async function controlRun(plan: ControlPlan, say: (line: string) => void): Promise<ControlResult> {
  const starts = new Map<string, number>();
  const readyMs: number[] = [];
  const toldMs: number[] = [];
  const refused: string[] = [];
  const history = new Map<string, string[]>();
  const sink = await startWebhookSink((streamId, told) => {
    const startedAt = starts.get(streamId) ?? Number.NaN;
    history.set(streamId, [...(history.get(streamId) ?? []), `${told.status} ${told.reason}`]);
    if (told.reason !== 'listening') return;
    readyMs.push(told.writtenAt - startedAt);
    toldMs.push(told.receivedAt - startedAt);
  });
  const cluster = await startControlCluster(plan.cluster);
  try {
    const stages: ControlStage[] = [];
    for (const { streams, seconds } of plan.stages) {
      await startUpTo(cluster, streams, { starts, refused, perSecond: plan.startsPerSecond, webhook: sink.url });
      await sleep(plan.settleMs ?? SETTLE_MS);
      stages.push(await measure(cluster, streams, seconds));
      say(`${streams} streams measured; start to READY so far p99 ${Math.round(quantile(readyMs, 0.99))} ms`);
    }
    const expected = 'INITIALISED created,READY listening,STREAMING encoder_connected,STREAMING playable';
    const astray = [...starts.keys()].flatMap(id => {
      const seen = history.get(id)?.join(',') ?? 'nothing';
      return seen === expected ? [] : [`${id}: ${seen}`];
    });
    return { stages, readyMs, toldMs, refused, astray, families: await memoryByFamily(cluster.redis) };
  } finally {
    await cluster.stop();
    await sink.close();
  }
}

async function startUpTo(
  { client }: ControlCluster,
  streams: number,
  how: { starts: Map<string, number>; refused: string[]; perSecond: number; webhook: string },
): Promise<void> {
  const { starts, refused, perSecond, webhook } = how;
  const beganAt = performance.now();
  const first = starts.size;
  const calls: Promise<unknown>[] = [];
  for (let n = first; n < streams; n += 1) {
    const dueAt = beganAt + ((n - first) * 1000) / perSecond;
    await sleep(Math.max(0, dueAt - performance.now()));
    const id = `stream-${n}`;
    starts.set(id, Date.now());
    calls.push(
      client.start(id, { webhook_urls: [webhook] }).then(({ status, body }) => {
        if (status !== 200) refused.push(`${id}: ${status} ${body.error}`);
      }),
    );
  }
  await Promise.all(calls);
}

async function measure(cluster: ControlCluster, streams: number, seconds: number): Promise<ControlStage> {
  await cluster.figures();
  const before = await redisState(cluster.redis);
  await sleep(seconds * 1000);
  const after = await redisState(cluster.redis);
  const workers = await cluster.figures();
  return { streams, load: redisLoad(before, after), memory: after.memory, workers };
}
