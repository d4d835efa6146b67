import { describe, expect, test } from 'vitest';
import type { SrtStats } from '../ingest/srtStats.ts';
import type { SourceFigures } from '../transcode/sourceFigures.ts';
import { ConnectionMeter } from './connectionMeter.ts';

const counts = (seconds: number, more: Partial<SrtStats> = {}): SrtStats => ({
  ...{ msRTT: 12, pktRecvTotal: 190 * seconds, pktRcvLossTotal: 10 * seconds, pktRcvDropTotal: seconds },
  ...{ pktRcvRetransTotal: 9 * seconds, pktRcvUndecryptTotal: 0, pktRcvBelatedTotal: 2 * seconds },
  ...{ byteRecvTotal: 250_000 * seconds, mbpsRecvRate: 2, mbpsBandwidth: 90, pktRcvBuf: 40, msRcvBuf: 180 },
  msRcvTsbPdDelay: 200,
  ...more,
});
const progress = { frames: 30, seconds: 1, speed: 0.98, behindSeconds: 0.4, duplicated: 1, dropped: 2 };

function setUp() {
  let stats = counts(0);
  let source: SourceFigures = { keySeconds: 2, audioSilentSeconds: 0, jumps: 0, continuityErrors: 0 };
  const meter = new ConnectionMeter({ stats: () => stats }, 0);
  meter.onSource(() => source);
  const come = (seconds: number, shows: Partial<SourceFigures> = {}): void => {
    stats = counts(seconds);
    source = { ...source, ...shows };
  };
  return { meter, come };
}

describe('a reading', () => {
  test('has what came since the one before', () => {
    const { meter, come } = setUp();
    come(1, { jumps: 1, continuityErrors: 5 });
    meter.onProgress(progress, 900);
    meter.onFfmpegLine('[h264 @ 0x5] [error] error while decoding MB 55 31');
    meter.onFfmpegLine('[warning] pipe:0: corrupt decoded frame in stream 0');
    meter.onFfmpegLine('[mpegts @ 0x5] [warning] something of no account');
    expect(meter.read(1_000)).toEqual({
      ...{ kbps: 2_000, rttMs: 12, latencyMs: 200, packets: 190, lost: 10, dropped: 1, retransmitted: 9, belated: 2 },
      ...{ undecryptable: 0, bufferMs: 180, linkMbps: 90, fps: 30, speed: 0.98, behindSeconds: 0.4, duplicated: 1 },
      ...{ droppedFrames: 2, decodeErrors: 2, keySeconds: 2, audioSilentSeconds: 0, jumps: 1, continuityErrors: 5 },
    });
    come(3, { continuityErrors: 6 });
    meter.onProgress({ ...progress, frames: 90, duplicated: 1, dropped: 4 }, 2_900);
    expect(meter.read(3_000)).toMatchObject({ kbps: 2_000, packets: 380, lost: 20, dropped: 2, fps: 30 });
    expect(meter.read(4_000)).toMatchObject({ kbps: 0, packets: 0, jumps: 0, continuityErrors: 0, fps: 0 });
  });

  test('of another FFmpeg counts from 0', () => {
    const { meter, come } = setUp();
    come(1);
    meter.onProgress({ ...progress, frames: 900, duplicated: 7 }, 900);
    meter.read(1_000);
    meter.onProgress({ ...progress, frames: 15, duplicated: 2 }, 1_900);
    come(2);
    expect(meter.read(2_000)).toMatchObject({ fps: 15, duplicated: 2, droppedFrames: 2 });
  });

  test('counts the time in which FFmpeg reports nothing while media comes', () => {
    const { meter, come } = setUp();
    come(1);
    meter.onProgress(progress, 1_000);
    expect(meter.read(1_000)).toMatchObject({ behindSeconds: 0.4 });
    for (const second of [2, 3, 4]) {
      come(second);
      meter.read(second * 1_000);
    }
    come(5);
    expect(meter.read(5_000).behindSeconds).toBeCloseTo(3.4);
    // Without media there is nothing to report.
    for (const second of [6, 7, 8, 9]) expect(meter.read(second * 1_000)).toMatchObject({ behindSeconds: 0.4 });
  });

  test('of an encoder without libsrt and a transcode that has not begun', () => {
    const meter = new ConnectionMeter({}, 0);
    expect(meter.read(1_000)).toMatchObject({ kbps: 0, latencyMs: 0, keySeconds: 0, audioSilentSeconds: 0 });
  });
});
