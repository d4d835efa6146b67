import { parseArgs } from 'node:util';
import { quantile } from '../quantile.ts';
import { type ControlResult, type ControlStage, controlRun } from './controlRun.ts';
import type { UploadsMode } from './simulatedWorker.ts';

const uploadsModes: readonly string[] = ['all', 'retries', 'none'] satisfies UploadsMode[];

/**
 * The control plane without media: many simulated workers and streams over one Redis. What is real: API, queues, leases,
 * state writes, outbox, webhooks, reconciler, port leases, ledgers' copies, upload jobs. What is not: SRT, FFmpeg, files,
 * playlists, the store.
 */
export async function controlBench(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      streams: { type: 'string', default: '5000' },
      workers: { type: 'string', default: '50' },
      processes: { type: 'string', default: '4' },
      seconds: { type: 'string', default: '300' },
      segment: { type: 'string', default: '4' },
      renditions: { type: 'string', default: '1' },
      starts: { type: 'string', default: '50' },
      uploads: { type: 'string', default: 'all' },
      log: { type: 'string', default: 'error' },
    },
  });
  if (!uploadsModes.includes(values.uploads)) throw new Error(`--uploads must be one of ${uploadsModes.join(', ')}`);
  const [streams, workers, seconds] = [Number(values.streams), Number(values.workers), Number(values.seconds)];
  const few = Math.ceil(streams / 10);
  const result = await controlRun(
    {
      stages: [
        { streams: 0, seconds: 10 },
        { streams: few, seconds: Math.min(30, seconds) },
        { streams, seconds },
      ],
      startsPerSecond: Number(values.starts),
      cluster: {
        ...{ workers, processes: Number(values.processes), workersPerNode: 5, logLevel: values.log },
        // A tenth more than there are streams.
        slots: Math.ceil((streams * 1.1) / workers),
        ...{ segmentSeconds: Number(values.segment), renditions: Number(values.renditions) },
        uploads: values.uploads as UploadsMode,
      },
    },
    line => console.log(`  ${line}`),
  );
  report(result);
}

function report({ stages, readyMs, toldMs, refused, astray, families }: ControlResult): void {
  const ms = (values: readonly number[], q: number): string => `${Math.round(quantile(values, q))} ms`;
  console.log(
    `\nstarts: ${readyMs.length} READY of ${stages.at(-1)?.streams}, ${refused.length} refused, ${astray.length} went astray`,
  );
  for (const line of [...refused.slice(0, 5), ...astray.slice(0, 5)]) console.log(`  ${line}`);
  const quantiles = (values: readonly number[]) => `${ms(values, 0.5)} / ${ms(values, 0.99)} / ${ms(values, 1)}`;
  console.log(`  request to READY written, p50 / p99 / most    ${quantiles(readyMs)}`);
  console.log(`  request to READY webhook, p50 / p99 / most    ${quantiles(toldMs)}`);
  const [idle] = stages;
  for (const stage of stages) reportStage(stage, idle);
  console.log('\nkeys at the end');
  for (const [family, { keys, bytes }] of [...families].toSorted((a, b) => b[1].bytes - a[1].bytes))
    console.log(`  ${family.padEnd(28)} ${String(keys).padStart(8)} keys ${(bytes / 1e6).toFixed(2).padStart(9)} MB`);
}

function reportStage({ streams, load, memory, workers }: ControlStage, idle: ControlStage | undefined): void {
  const row = (what: string, figure: string): void => console.log(`  ${what.padEnd(56)} ${figure}`);
  const sum = (pick: (worker: (typeof workers)[number]) => number) => workers.reduce((all, w) => all + pick(w), 0);
  const sent = sum(worker => worker.commands) / load.seconds;
  console.log(`\n${streams} streams, ${Math.round(load.seconds)} s`);
  row('Redis, share of a core (main thread alone)', `${percent(load.cpu)} (${percent(load.mainCpu)})`);
  row('commands sent / executed, a second', `${Math.round(sent)} / ${Math.round(load.executed)}`);
  row('used_memory', `${(memory / 1e6).toFixed(1)} MB`);
  if (streams > 0 && idle) {
    const idleSent = idle.workers.reduce((all, w) => all + w.commands, 0) / idle.load.seconds;
    const perStream = (now: number, before: number): number => (now - before) / streams;
    row('above idle, per stream: commands sent a second', perStream(sent, idleSent).toFixed(2));
    row('above idle, per stream: commands executed a second', perStream(load.executed, idle.load.executed).toFixed(2));
    row('above idle, per stream: bytes', String(Math.round(perStream(memory, idle.memory))));
    row('above idle, per stream: share of a core', percent(perStream(load.cpu, idle.load.cpu), 4));
    row('segments stored a second', (sum(worker => worker.segments) / load.seconds).toFixed(0));
    const worst = (pick: (worker: (typeof workers)[number]) => number) => Math.round(Math.max(...workers.map(pick)));
    row('closed to stored, p50 / p99', `${worst(w => w.storedP50)} / ${worst(w => w.storedP99)} ms`);
  }
  row('processes of workers, cores each', workers.map(worker => worker.cpu.toFixed(2)).join(' '));
  row('their event loop delay, p99', workers.map(worker => `${Math.round(worker.lagP99)} ms`).join(' '));
  for (const { name, perSecond, usecEach, share } of load.top.slice(0, 24))
    row(
      `  ${name}`,
      `${perSecond.toFixed(0).padStart(7)}/s ${usecEach.toFixed(1).padStart(7)} µs ${percent(share, 2)}`,
    );
}

const percent = (share: number, digits = 1): string => `${(share * 100).toFixed(digits)} %`;
