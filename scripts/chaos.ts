import { parseArgs } from 'node:util';
import { failOverTable, resultTable, takeOverTable } from './e2e/chaos/chaosTable.ts';
import { blackHole, freeze, kill, loseHost, redisAway } from './e2e/chaos/scenarios.ts';

// `npm run chaos [-- --kill 20 --host 5 --freeze 10 --hole 5 --away 5,30,60]`: real workers are killed, frozen and cut off
// under live streams; prints what came of it. 0 (or --away '') leaves a part out. Exits with 1 when anything was wrong.
const text = (fallback: string) => ({ type: 'string', default: fallback }) as const;
const { values } = parseArgs({
  options: { kill: text('20'), host: text('5'), freeze: text('10'), hole: text('5'), away: text('5,30,60') },
});
const away = values.away.split(',').filter(Boolean).map(Number);

/** The scenario's result, or none when it is left out. */
const times = async <Result>(count: string, scenario: (rounds: number) => Promise<Result>): Promise<Result[]> =>
  Number(count) > 0 ? [await scenario(Number(count))] : [];

const killed = [...(await times(values.kill, kill)), ...(await times(values.host, loseHost))];
const vanished = [...(await times(values.freeze, freeze)), ...(await times(values.hole, blackHole))];
const redis = [];
if (away.length > 0)
  for (const fault of ['restarted', 'emptied', 'frozen'] as const) redis.push(await redisAway(fault, away));

const all = [...killed, ...vanished, ...redis];
const tables = [
  resultTable(all),
  ...killed.map(({ name, rows }) => failOverTable(name, rows)),
  ...vanished.map(({ name, rows }) => takeOverTable(name, rows)),
];
process.stdout.write(`\n${tables.join('\n\n')}\n`);
process.exitCode = all.some(({ faults }) => faults.length > 0) ? 1 : 0;
