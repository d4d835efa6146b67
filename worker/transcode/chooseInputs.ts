import type { ElementaryStream } from '../segment/ts/tsCodec.ts';

/** What one FFmpeg process is made to read. Streams are named by PID, since the encoder may announce more than it sends. */
export interface Inputs {
  video: ElementaryStream;
  /** 'silence': announced but not there, FFmpeg makes silence in its place. 'none': the output has no audio. */
  audio: ElementaryStream | 'silence' | 'none';
  /** Fingerprint of size and profile, when known: FFmpeg's encoder keeps the size that it began with. */
  format?: string | undefined;
  /** Of the picture that is shown, pixels; undefined: not known. */
  size?: { width: number; height: number } | undefined;
}

/**
 * The inputs for what the PMT announces and what is really carried; undefined without video. `current` is kept where it
 * can be: each change costs viewers a discontinuity.
 */
export function chooseInputs(
  streams: readonly ElementaryStream[],
  isCarried: (pid: number) => boolean,
  current?: Inputs,
): Inputs | undefined {
  const video = streams.find(stream => stream.kind === 'video');
  if (video === undefined) return undefined;
  const announced = streams.filter(stream => stream.kind === 'audio');
  if (announced.length === 0) return { video, audio: 'none' };
  const carried = announced.filter(stream => isCarried(stream.pid));
  const kept = carried.find(stream => current !== undefined && isSameAudio(stream, current.audio));
  const missing = current?.audio === 'none' ? 'none' : 'silence';
  return { video, audio: kept ?? carried[0] ?? missing };
}

export function isSameInputs(a: Inputs, b: Inputs): boolean {
  const isSameFormat = a.format === undefined || b.format === undefined || a.format === b.format;
  return isSameFormat && isSameStream(a.video, b.video) && isSameAudio(a.audio, b.audio);
}

function isSameAudio(a: Inputs['audio'], b: Inputs['audio']): boolean {
  if (typeof a === 'string' || typeof b === 'string') return a === b;
  return isSameStream(a, b);
}

function isSameStream(a: ElementaryStream, b: ElementaryStream): boolean {
  return a.pid === b.pid && a.codec === b.codec;
}
