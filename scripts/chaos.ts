import { parseArgs } from 'node:util';
import { failOverTable, resultTable, takeOverTable } from './e2e/chaos/chaosTable.ts';
import { scenarios } from './e2e/chaos/scenarios.ts';
import type { Storage } from './e2e/harness/cluster.ts';

// `npm run chaos -- router`: see chaosRouter.ts.
// `npm run chaos [-- --kill 20 --host 5 --freeze 10 --hole 5 --gap 5 --away 5,30,60 --failover 3 --storage s3]`: real workers are killed, frozen
// and cut off under live streams, streams are stopped while they have no owner, Redis is away, or fails over to its replica by Sentinels; prints the results. 0 (or --away '') leaves a part out. The store: `s3`,
// `s3-unfenced` (conditional PUTs do not count) or `file`. Exits with 1 when anything was wrong.
if (process.argv[2] === 'router') {
  await import('./chaosRouter.ts');
  process.exit();
}
const text = (fallback: string) => ({ type: 'string', default: fallback }) as const;
const { values } = parseArgs({
  options: {
    ...{
      kill: text('20'),
      host: text('5'),
      freeze: text('10'),
      hole: text('5'),
      gap: text('5'),
      away: text('5,30,60'),
      failover: text('3'),
    },
    storage: text('s3'),
  },
});
const storages: readonly string[] = ['s3', 's3-unfenced', 'file'] satisfies Storage[];
if (!storages.includes(values.storage)) throw new Error(`--storage must be one of ${storages.join(', ')}`);
const named = scenarios(values.storage as Storage);
const { kill, loseHost, freeze, blackHole, stopInGap, startInGap, redisAway, redisFailsOver } = named;
const away = values.away.split(',').filter(Boolean).map(Number);

/** The scenario's result, or none when it is left out. */
const times = async <Result>(count: string, scenario: (rounds: number) => Promise<Result>): Promise<Result[]> =>
  Number(count) > 0 ? [await scenario(Number(count))] : [];

const killed = [...(await times(values.kill, kill)), ...(await times(values.host, loseHost))];
const vanished = [...(await times(values.freeze, freeze)), ...(await times(values.hole, blackHole))];
const gaps = [...(await times(values.gap, stopInGap)), ...(await times(values.gap, startInGap))];
const redis = [];
if (away.length > 0)
  for (const fault of ['restarted', 'emptied', 'frozen'] as const) redis.push(await redisAway(fault, away));
redis.push(...(await times(values.failover, redisFailsOver)));

const all = [...killed, ...vanished, ...gaps, ...redis];
const tables = [
  resultTable(all),
  ...killed.map(({ name, rows }) => failOverTable(name, rows)),
  ...vanished.map(({ name, rows }) => takeOverTable(name, rows)),
];
process.stdout.write(`\n${tables.join('\n\n')}\n`);
process.exitCode = all.some(({ faults }) => faults.length > 0) ? 1 : 0;
