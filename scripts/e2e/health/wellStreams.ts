import { setTimeout as sleep } from 'node:timers/promises';
import type { HealthStage } from './healthStage.ts';

/** Streams that are well, for so many minutes: every sentence that was said about their health. */
export async function wellStreams(stage: HealthStage, minutes: number): Promise<string[]> {
  const ids = ['well-transcode', 'well-passthrough'];
  for (const id of ids) await stage.goLive(id, { profile: id.slice('well-'.length) });
  await sleep(minutes * 60_000);
  const said = ids.flatMap(id => stage.events(id, 'ingest_degraded').map(({ Update }) => `${id}: ${Update}`));
  for (const id of ids) {
    await stage.cluster.client.stop(id);
    await stage.cluster.client.inState(id, 'STOPPED', 30_000);
  }
  return said;
}
