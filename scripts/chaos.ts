import { parseArgs } from 'node:util';
import { failOverTable, resultTable, takeOverTable } from './e2e/chaos/chaosTable.ts';
import { blackHole, freeze, kill, redisAway } from './e2e/chaos/scenarios.ts';

// `npm run chaos [-- --kill 20 --freeze 10 --hole 5 --away 5,30,60]`: real workers are killed, frozen and cut off under live
// streams; prints what came of it. 0 (or --away '') leaves a part out. Exits with 1 when anything was wrong.
const text = (fallback: string) => ({ type: 'string', default: fallback }) as const;
const { values } = parseArgs({
  options: { kill: text('20'), freeze: text('10'), hole: text('5'), away: text('5,30,60') },
});
const away = values.away.split(',').filter(Boolean).map(Number);
const rounds = { kill: Number(values.kill), freeze: Number(values.freeze), hole: Number(values.hole) };

const killed = rounds.kill > 0 ? [await kill(rounds.kill)] : [];
const frozen = rounds.freeze > 0 ? [await freeze(rounds.freeze)] : [];
const cutOff = rounds.hole > 0 ? [await blackHole(rounds.hole)] : [];
const redis = [];
if (away.length > 0)
  for (const fault of ['restarted', 'emptied', 'frozen'] as const) redis.push(await redisAway(fault, away));

const all = [...killed, ...frozen, ...cutOff, ...redis];
const tables = [
  resultTable(all),
  ...killed.map(({ rows }) => failOverTable(rows)),
  ...[...frozen, ...cutOff].map(({ name, rows }) => takeOverTable(name, rows)),
];
process.stdout.write(`\n${tables.join('\n\n')}\n`);
process.exitCode = all.some(({ faults }) => faults.length > 0) ? 1 : 0;
