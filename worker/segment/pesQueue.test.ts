import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { audioPid, makeTs, videoPid } from '../transcode/testing/makeTs.ts';
import { collectParts } from './testing/collectParts.ts';
import { eachPacket } from './ts/eachPacket.ts';
import { payloadStart } from './ts/packetHeader.ts';
import { readPes } from './ts/readPes.ts';
import { packetBytes } from './ts/tsPackets.ts';

const pidOf = (packet: Buffer): number => packet.readUInt16BE(1) & 0x1fff;
const of = (ts: Buffer, pid: number): Buffer =>
  Buffer.concat([...eachPacket(ts)].filter(packet => pidOf(packet) === pid));

let ts: Buffer;
beforeAll(async () => {
  ts = await makeTs({ seconds: 4, gop: 30, muxer: ['-pes_payload_size', '2930'] });
});

/** The same packets, each PID's in its order, those of the sound drawn apart: every `every` packets one of them. */
function interleave(every: number): Buffer {
  const packets = [...eachPacket(ts)];
  const waiting: Buffer[] = [];
  const out: Buffer[] = [];
  for (const packet of packets) {
    if (pidOf(packet) === audioPid) waiting.push(packet);
    else out.push(packet);
    const next = out.length % every === 0 ? waiting.shift() : undefined;
    if (next) out.push(next);
  }
  return Buffer.concat([...out, ...waiting]);
}

test('sound whose packets lie between those of pictures: no part ends inside a PES packet, none is lost', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), every => {
      const input = interleave(every);
      const { parts, segments } = collectParts(input);
      const all = Buffer.concat(segments.map(({ data }) => data));
      const sound = of(all, audioPid);
      expect(sound.length).toBeGreaterThan(0);
      expect(of(input, audioPid).includes(sound)).toBe(true);
      for (const { data } of parts) {
        let left = 0;
        for (const packet of eachPacket(of(data, audioPid))) {
          const at = payloadStart(packet, 0);
          if (packet.readUInt8(1) & 0x40) {
            expect(left).toBe(0);
            left = readPes(packet, at, packetBytes)?.bytes ?? Number.NaN;
          }
          left -= packetBytes - at;
        }
        expect(left).toBe(0);
      }
      expect(of(all, videoPid).length).toBeGreaterThan(of(ts, videoPid).length);
    }),
    { numRuns: 6 },
  );
});
