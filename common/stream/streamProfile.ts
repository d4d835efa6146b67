import { z } from 'zod';

const profiles = ['transcode', 'passthrough', 'ladder', 'ladder-source'] as const;

/** What is made of a stream's source (docs/profiles.md). A ladder has several renditions, so its objects have other names. */
export const streamProfile = z.enum(profiles);
export type StreamProfile = z.infer<typeof streamProfile>;

const error = `must be auto, ${profiles.slice(0, -1).join(', ')} or ${profiles.at(-1)}`;

/** What a start request and DEFAULT_PROFILE may say. `auto` leaves the choice to `resolveProfile`. */
export const requestedProfile = z.enum(['auto', ...profiles], { error });
export type RequestedProfile = z.infer<typeof requestedProfile>;

interface Request {
  profile?: RequestedProfile | null | undefined;
  abr?: boolean | null | undefined;
}

/** A ladder has several renditions; the other profiles have one. */
export const isLadder = (profile: StreamProfile): boolean => profile === 'ladder' || profile === 'ladder-source';

/** The profile of a start request. `fallback` is DEFAULT_PROFILE: it counts where the request leaves the choice open. */
export function resolveProfile({ profile, abr }: Request, fallback: RequestedProfile): StreamProfile {
  if (profile && profile !== 'auto') return profile;
  if (abr) return 'ladder';
  return fallback === 'auto' ? 'transcode' : fallback;
}

/** The rule that a start request breaks when its `abr` contradicts its `profile`; undefined: it breaks none. */
export function profileConflict({ profile, abr }: Request): string | undefined {
  if (!profile || profile === 'auto' || typeof abr !== 'boolean' || isLadder(profile) === abr) return undefined;
  return `${profile} contradicts abr: ${abr}; leave abr out, or set it to ${!abr}`;
}

/** The profile in a record's fields as Redis holds them. A record of a version that had no profiles says it by `abr`. */
export function profileOf({
  profile,
  abr,
}: { [Field in 'profile' | 'abr']?: string | null | undefined }): StreamProfile {
  const known = streamProfile.safeParse(profile);
  if (known.success) return known.data;
  return abr === '1' ? 'ladder' : 'transcode';
}
