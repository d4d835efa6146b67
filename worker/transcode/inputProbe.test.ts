import { beforeAll, describe, expect, test } from 'vitest';
import { eachPacket } from '../segment/ts/eachPacket.ts';
import { TsInspector } from '../segment/ts/tsInspector.ts';
import { packetBytes } from '../segment/ts/tsPackets.ts';
import { InputProbe } from './inputProbe.ts';
import { PictureJudge } from './pictureJudge.ts';
import { pidOf, withoutPid } from './testing/editTs.ts';
import { audioPid, makeTs, videoPid } from './testing/makeTs.ts';
import { pmtPacket } from './testing/sections.ts';
import { defaultLimits } from './transcodeLimits.ts';

/** FFmpeg's PMT PID. */
const pmtPid = 4096;
const audioOnly = pmtPacket(pmtPid, 1, [{ type: 15, pid: audioPid }]);
const limits = { ...defaultLimits, heldBytes: 400_000 };

const newProbe = (inspector: TsInspector, heldBytes = limits.heldBytes) =>
  new InputProbe(inspector, new PictureJudge(limits), { ...limits, heldBytes });

describe('InputProbe', () => {
  let silent: Buffer;
  beforeAll(async () => {
    silent = withoutPid(await makeTs({ seconds: 1 }), audioPid);
  });

  /** The stream again and again, the PMT's place given by `pmt`; the bytes after which the probe gives up. */
  function flood(pmt: (nth: number) => Buffer | undefined, bytes = 4_000_000) {
    const inspector = new TsInspector();
    const probe = newProbe(inspector);
    let [at, pmts, pushed] = [0, 0, 0];
    const packets = [...eachPacket(silent)];
    while (at * packetBytes < bytes) {
      const packet = packets[at++ % packets.length] ?? Buffer.alloc(0);
      const sent = Buffer.from((pidOf(packet) === pmtPid && pmt(pmts++)) || packet);
      probe.push(sent, 0);
      pushed += sent.length;
      if (probe.isHopeless(pushed, 0)) return { gaveUpAt: pushed, error: probe.refusal(pushed) };
    }
    return { gaveUpAt: undefined, error: undefined };
  }

  test('gives up at its limit when the PMT loses its video during the wait for audio', () => {
    const { gaveUpAt, error } = flood(nth => (nth > 0 ? audioOnly : undefined));
    expect(gaveUpAt).toBeLessThan(limits.heldBytes + 10 * packetBytes);
    expect(error).toMatchObject({ code: 'input_invalid', message: expect.stringMatching(/no video .* announces aac/) });
  });

  test('gives up after a time, however few bytes come', () => {
    const inspector = new TsInspector();
    const probe = newProbe(inspector);
    probe.push(silent.subarray(0, 20 * packetBytes), 0);
    probe.push(audioOnly, 1_000);
    expect(probe.isHopeless(21 * packetBytes, 1_000)).toBe(false);
    probe.push(audioOnly, limits.noVideoMs);
    expect(probe.isHopeless(22 * packetBytes, limits.noVideoMs)).toBe(true);
    expect(probe.refusal(22 * packetBytes)?.code).toBe('input_invalid');
  });

  test('seconds of media that come at once are no jump of the timestamps', async () => {
    const inspector = new TsInspector();
    const ts = await makeTs({ seconds: 6 });
    // As a router repeats it: from anywhere in the middle.
    newProbe(inspector, ts.length).push(ts.subarray(100 * packetBytes), 0);
    expect(inspector.videoSeconds).toBeGreaterThan(5);
    expect(inspector.jumps).toBe(0);
  });

  test('scans what it holds once, however often the video goes and comes back', () => {
    const inspector = new TsInspector();
    let pushes = 0;
    const push = inspector.push.bind(inspector);
    inspector.push = (packet, now) => {
      pushes += 1;
      return push(packet, now);
    };
    const probe = newProbe(inspector, 10_000_000);
    probe.push(silent, 0);
    const both = Buffer.concat([...eachPacket(silent)].filter(packet => pidOf(packet) === pmtPid).slice(0, 1));
    for (let i = 0; i < 100; i += 1) {
      probe.push(audioOnly, 0);
      probe.push(both, 0);
    }
    expect(pushes).toBeLessThanOrEqual(2 * (silent.length / packetBytes) + 200);
  });

  test('starts with any picture in the end when the timestamps stand still', () => {
    const inspector = new TsInspector();
    const probe = newProbe(inspector);
    const packets = [...eachPacket(silent)];
    const tables = packets.filter(packet => pidOf(packet) !== videoPid).slice(0, 3);
    const pictures = packets.filter(packet => pidOf(packet) === videoPid && (packet.readUInt8(1) & 0x40) !== 0);
    const picture = pictures[3] ?? Buffer.alloc(0);
    for (const packet of tables) probe.push(packet, 0);
    probe.push(picture, 0);
    expect(probe.start(1_000)).toBeUndefined();
    probe.push(picture, limits.noRandomAccessSeconds * 1000);
    expect(probe.start(limits.noRandomAccessSeconds * 1000 + 1_000)?.held).toHaveLength(1);
  });
});
