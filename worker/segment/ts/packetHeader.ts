import { packetBytes } from './tsPackets.ts';

/** Where the payload of the packet at `at` begins; the packet's end when it has none or is marked as damaged. */
export function payloadStart(data: Buffer, at: number): number {
  const end = at + packetBytes;
  const isDamaged = (data.readUInt8(at + 1) & 0x80) !== 0;
  const control = data.readUInt8(at + 3) & 0x30;
  if (isDamaged || (control & 0x10) === 0) return end;
  return control & 0x20 ? Math.min(at + 5 + data.readUInt8(at + 4), end) : at + 4;
}

/** random_access_indicator (ISO 13818-1, 2.4.3.5). */
export function isRandomAccess(data: Buffer, at: number): boolean {
  return (adaptationFlags(data, at) & 0x40) !== 0;
}

/** discontinuity_indicator: the continuity counter may jump here. */
export function isCounterReset(data: Buffer, at: number): boolean {
  return (adaptationFlags(data, at) & 0x80) !== 0;
}

function adaptationFlags(data: Buffer, at: number): number {
  const hasFlags = (data.readUInt8(at + 3) & 0x20) !== 0 && data.readUInt8(at + 4) > 0;
  return hasFlags ? data.readUInt8(at + 5) : 0;
}
