import type { Storage } from '../harness/cluster.ts';
import { ChaosCluster } from './chaosCluster.ts';
import { gapRound } from './gapRound.ts';
import { type FailOver, killRound } from './killRound.ts';
import { type RedisFault, redisRound } from './redisRound.ts';
import { blackHoleRound, freezeRound, type TakeOver } from './vanishRound.ts';

export interface ScenarioResult<Row> {
  name: string;
  rounds: number;
  /** One for each stream that changed its worker. */
  rows: Row[];
  /** Everything that was wrong, one sentence each. */
  faults: string[];
  playlistWriters: number;
}

const SETUP = { workers: 3, profiles: ['transcode', 'passthrough', 'ladder-source'], segmentSeconds: 2 } as const;

/** A cluster that a scenario wants. */
interface Setting {
  storage: Storage;
  /** Each worker is on a host of its own. */
  hosts?: boolean;
  /** Redis has a replica and Sentinels. */
  sentinels?: boolean;
}

/** Runs one scenario in a cluster of its own: so many rounds, then all streams are stopped and everything is checked. */
async function scenario<Row>(
  name: string,
  rounds: number,
  setting: Setting,
  round: (chaos: ChaosCluster, i: number) => Promise<{ rows?: Row[]; faults?: string[] }>,
): Promise<ScenarioResult<Row>> {
  const result: ScenarioResult<Row> = { name, rounds: 0, rows: [], faults: [], playlistWriters: 0 };
  const chaos = await ChaosCluster.start({ ...SETUP, ...setting });
  try {
    for (let i = 0; i < rounds; i += 1) {
      const { rows = [], faults = [] } = await round(chaos, i);
      result.rounds += 1;
      result.rows.push(...rows);
      result.faults.push(...faults);
      process.stdout.write(`${name} ${i + 1}/${rounds}: ${JSON.stringify(rows)} ${faults.join('; ')}\n`);
    }
    result.faults.push(...(await chaos.verify()));
    result.playlistWriters = chaos.playlistWriters();
  } catch (error) {
    result.faults.push(String(error));
  } finally {
    await chaos.stop();
  }
  return result;
}

/** What may befall a cluster that publishes to such a store. */
export const scenarios = (storage: Storage) => ({
  kill: (rounds: number): Promise<ScenarioResult<FailOver>> =>
    scenario('kill -9', rounds, { storage }, async chaos => ({ rows: await killRound(chaos) })),

  /** The same where no worker of the dead one's host is left. */
  loseHost: (rounds: number): Promise<ScenarioResult<FailOver>> =>
    scenario('host gone', rounds, { storage, hosts: true }, async chaos => ({ rows: await killRound(chaos) })),

  freeze: (rounds: number): Promise<ScenarioResult<TakeOver>> =>
    scenario('SIGSTOP past the lease, then SIGCONT', rounds, { storage }, async chaos => ({
      rows: await freezeRound(chaos),
    })),

  blackHole: (rounds: number): Promise<ScenarioResult<TakeOver>> =>
    scenario('black hole between one worker and Redis', rounds, { storage }, async (chaos, i) => ({
      rows: await blackHoleRound(chaos, i % 2 === 0 ? 'resume' : 'stale'),
    })),

  stopInGap: (rounds: number): Promise<ScenarioResult<never>> =>
    scenario('stop in the gap', rounds, { storage }, async chaos => ({
      faults: await gapRound(chaos, 'after-stopped'),
    })),

  startInGap: (rounds: number): Promise<ScenarioResult<never>> =>
    scenario('start again in the gap', rounds, { storage }, async chaos => ({
      faults: await gapRound(chaos, 'at-once'),
    })),

  redisAway: (fault: RedisFault, seconds: readonly number[]): Promise<ScenarioResult<never>> =>
    scenario(`Redis ${fault}`, seconds.length, { storage }, async (chaos, i) => ({
      faults: await redisRound(chaos, fault, seconds[i] ?? 5),
    })),

  redisFailsOver: (rounds: number): Promise<ScenarioResult<never>> =>
    scenario('Redis fails over', rounds, { storage, sentinels: true }, async chaos => ({
      faults: await redisRound(chaos, 'failed over', 0),
    })),
});
