import { parseArgs } from 'node:util';
import {
  lossFault,
  noAudio,
  rareKeyFrames,
  type StagedFault,
  slowStore,
  starvedEncode,
  starvedWorker,
} from './e2e/health/healthFaults.ts';
import { type HealthResult, healthRound } from './e2e/health/healthRound.ts';
import { HealthStage } from './e2e/health/healthStage.ts';
import { wellStreams } from './e2e/health/wellStreams.ts';

// `npm run health [-- --loss 2,5,10,40 --only <id> --healthy 60]`: live streams get faults, and their health has to name each in time, with
// whose fault it is, and to recover. `--healthy <minutes>`: two streams that are well, of which nothing may be said; no faults then.
// Exits with 1 when anything was wrong.
const { values } = parseArgs({
  options: {
    loss: { type: 'string', default: '2,5,10,40' },
    only: { type: 'string' },
    healthy: { type: 'string', default: '0' },
  },
});
/** Small pictures, segments of 4 s as by default. */
const env = { VIDEO_PRESET: 'ultrafast', SINGLE: JSON.stringify({ width: 320, height: 180, video: 400, audio: 64 }) };
const losses = values.loss.split(',').filter(Boolean).map(Number).map(lossFault);
/** Those of a list go on at the same time. */
const all: readonly (readonly StagedFault[])[] = [
  losses,
  [noAudio, rareKeyFrames],
  [slowStore],
  [starvedEncode],
  [starvedWorker],
];
const rounds = all.map(faults => faults.filter(({ id }) => values.only === undefined || id === values.only));

const seconds = (ms: number): string => (Number.isNaN(ms) ? '–' : (ms / 1_000).toFixed(1)).padStart(9);

function table(results: readonly HealthResult[]): string {
  const head = `${'fault'.padEnd(42)} ${'named (s)'} ${'well (s)'.padStart(9)}  problem (fault)`;
  const lines = results.map(
    ({ what, namedMs, recoveredMs, named }) =>
      `${what.padEnd(42)} ${seconds(namedMs)} ${seconds(recoveredMs)}  ${named}`,
  );
  const faults = results.flatMap(({ what, faults }) => faults.map(fault => `wrong: ${what}: ${fault}`));
  return [head, ...lines, ...faults].join('\n');
}

async function namesFaults(stage: HealthStage): Promise<boolean> {
  const results: HealthResult[] = [];
  for (const faults of rounds) results.push(...(await Promise.all(faults.map(fault => healthRound(stage, fault)))));
  process.stdout.write(`\n${table(results)}\n`);
  return results.every(({ faults }) => faults.length === 0);
}

async function saysNothing(stage: HealthStage, minutes: number): Promise<boolean> {
  const said = await wellStreams(stage, minutes);
  process.stdout.write(
    `${minutes} min of two streams that are well: ${said.length} problems named\n${said.join('\n')}\n`,
  );
  return said.length === 0;
}

const stage = await HealthStage.start(env);
const minutes = Number(values.healthy);
const isRight = await (minutes > 0 ? saysNothing(stage, minutes) : namesFaults(stage)).finally(() => stage.stop());
process.exitCode = isRight ? 0 : 1;
