import type { StagedFault } from './healthFaults.ts';
import type { HealthStage } from './healthStage.ts';

export interface HealthResult {
  what: string;
  /** What its health said, e.g. `packets_lost (network)`. */
  named: string;
  /** From the fault to the webhook that names it; and from its end until all is well (ms). */
  namedMs: number;
  recoveredMs: number;
  /** What was not as it should be, as sentences. */
  faults: string[];
}

/** Of each problem that an event names: its code and its fault. */
const reported = /\((\w+), since [^)]*\)\. Fault: (\w+)\./g;

/** A live stream gets a fault, which is named, and ends; the stream recovers. */
export async function healthRound(stage: HealthStage, staged: StagedFault): Promise<HealthResult> {
  const { id, what, profile, encoder, problems, fault, withinMs } = staged;
  const stream = await stage.goLive(id, { profile }, encoder);
  const early = stage.events(id, 'ingest_degraded').length;
  const begun = performance.now();
  const end = await staged.begin(stream, stage);
  // An encoder's fault begins when it is connected.
  const at = fault === 'encoder' ? performance.now() : begun;
  const namedMs = await stage.named(id, new RegExp(`\\((${problems.join('|')}),`), at).catch(() => Number.NaN);
  await end();
  const recoveredMs = await stage.recovered(id, performance.now()).catch(() => Number.NaN);
  const said = stage.events(id, 'ingest_degraded').flatMap(({ Update }) => [...Update.matchAll(reported)]);
  await stage.cluster.client.stop(id);
  await stage.cluster.client.inState(id, 'STOPPED', 30_000);
  const others = said.filter(([, , whose]) => whose !== fault).map(([, code, whose]) => `${code} (${whose})`);
  return {
    ...{ what, namedMs, recoveredMs },
    named: [...new Set(said.map(([, code, whose]) => `${code} (${whose})`))].join(', '),
    faults: [
      ...(early > 0 ? ['something was named before the fault began'] : []),
      ...(namedMs <= withinMs ? [] : [`not named within ${withinMs / 1_000} s`]),
      ...(Number.isNaN(recoveredMs) ? ['did not recover within 60 s'] : []),
      ...(others.length > 0 ? [`named with another fault: ${others.join(', ')}`] : []),
    ],
  };
}
