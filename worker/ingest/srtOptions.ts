import type { Libsrt } from './libsrt.ts';

/** Socket options by libsrt's ids (srt.h, SRT_SOCKOPT), as far as a receiver needs them. */
export const srtOptions = {
  RCVSYN: 2,
  PASSPHRASE: 26,
  PBKEYLEN: 27,
  LOSSMAXTTL: 42,
  RCVLATENCY: 43,
  STREAMID: 46,
  IPV6ONLY: 54,
} as const;

const STREAM_ID_BYTES = 512;

export function setInt(libsrt: Libsrt, socket: number, option: number, value: number): boolean {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return libsrt.srt_setsockflag(socket, option, bytes, 4) === 0;
}

export function setBool(libsrt: Libsrt, socket: number, option: number, value: boolean): boolean {
  return libsrt.srt_setsockflag(socket, option, Buffer.from([value ? 1 : 0]), 1) === 0;
}

export function setText(libsrt: Libsrt, socket: number, option: number, value: string): boolean {
  const bytes = Buffer.from(value);
  return libsrt.srt_setsockflag(socket, option, bytes, bytes.length) === 0;
}

/** Undefined when libsrt does not report it. */
export function getInt(libsrt: Libsrt, socket: number, option: number): number | undefined {
  return getBytes(libsrt, socket, option, 4)?.readInt32LE();
}

/** The stream id that an accepted caller gave; empty without one. */
export function getStreamId(libsrt: Libsrt, socket: number): string {
  return getBytes(libsrt, socket, srtOptions.STREAMID, STREAM_ID_BYTES + 1)?.toString() ?? '';
}

function getBytes(libsrt: Libsrt, socket: number, option: number, size: number): Buffer | undefined {
  const value = Buffer.alloc(size);
  const length = Buffer.alloc(4);
  length.writeInt32LE(size);
  if (libsrt.srt_getsockflag(socket, option, value, length) !== 0) return undefined;
  return value.subarray(0, length.readInt32LE());
}
