import type { ElementaryStream } from '../segment/ts/tsCodec.ts';

/** Audio that never came has been silent for so long, seconds. */
const NEVER_SECONDS = 3_600;

/** Seconds since any announced audio came last; -1: none is announced. @param silentMs TsInspector.silentMs */
export function audioSilentSeconds(streams: readonly ElementaryStream[], silentMs: (pid: number) => number): number {
  const audio = streams.filter(({ kind }) => kind === 'audio');
  if (audio.length === 0) return -1;
  return Math.min(NEVER_SECONDS, ...audio.map(({ pid }) => silentMs(pid) / 1_000));
}
