import { z } from 'zod';
import { type StreamProfile, streamProfile } from '../stream/streamProfile.ts';

/** What a stream of each profile takes of WORKER_STREAMS. A `transcode` stream is 1. */
export type ProfileCosts = Readonly<Record<StreamProfile, number>>;

/** Rough CPU beside that of one `transcode` stream of 720p30. The real ratios depend on the host, its sources and LADDER. */
export const defaultProfileCosts: ProfileCosts = {
  transcode: 1,
  passthrough: 0.05,
  ladder: 2,
  'ladder-source': 1.2,
};

const names = streamProfile.options.join(', ');
const rule = `must be <profile>=<cost>,… with profiles of ${names} and costs from 0.01 to 100`;

/** PROFILE_COSTS: `<profile>=<cost>,…`. Profiles that are left out keep their default. */
export const profileCosts = z
  .string()
  .transform((text, context): ProfileCosts => {
    const costs = new Map<StreamProfile, number>();
    for (const entry of text.split(',')) {
      const [name, value = '', ...more] = entry.trim().split('=');
      const profile = streamProfile.safeParse(name);
      const cost = /^\d{1,3}(\.\d{1,3})?$/.test(value) ? Number(value) : Number.NaN;
      if (!profile.success || more.length > 0 || costs.has(profile.data) || !(cost >= 0.01 && cost <= 100)) {
        context.addIssue({ code: 'custom', message: rule });
        return z.NEVER;
      }
      costs.set(profile.data, cost);
    }
    return { ...defaultProfileCosts, ...Object.fromEntries(costs) };
  })
  .default(defaultProfileCosts);
