import type { StreamProfile } from '../../../common/stream/streamProfile.ts';

/** Of a host's cores; the rest is for peaks, for Redis and for what else runs there. */
const USED_CORES = 0.7;
const LEAST_COST = 0.01;

/** The two settings that fit what streams cost on a host. @param cores that a stream of each profile took */
export function costSettings(
  cores: Readonly<Record<StreamProfile, number>>,
  hostCores: number,
): { PROFILE_COSTS: string; WORKER_STREAMS: number } {
  const { transcode } = cores;
  const costs = Object.entries(cores).map(([profile, value]) => {
    const cost = Math.max(LEAST_COST, value / transcode);
    return `${profile}=${Number(cost.toFixed(cost < 0.1 ? 3 : 2))}`;
  });
  const streams = Math.floor((USED_CORES * hostCores) / transcode);
  return { PROFILE_COSTS: costs.join(','), WORKER_STREAMS: Math.min(1_000, Math.max(1, streams)) };
}
