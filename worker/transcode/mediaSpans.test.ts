import { PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { beforeAll, describe, expect, test } from 'vitest';
import type { MediaSpan } from './mediaSpan.ts';
import { MediaSpans } from './mediaSpans.ts';
import { fromShare, withoutPid } from './testing/editTs.ts';
import { audioPid, makeTs } from './testing/makeTs.ts';
import { pieces } from './testing/transcodeAll.ts';
import { defaultLimits, type TranscodeLimits } from './transcodeLimits.ts';

/** PAT and PMT, which each span begins with. */
const tableBytes = 2 * 188;

function open(limits: Partial<TranscodeLimits> = {}) {
  const media = new PassThrough({ highWaterMark: 50_000_000 });
  const controller = new AbortController();
  const spans = new MediaSpans({ media, signal: controller.signal, limits: { ...defaultLimits, ...limits } });
  return { media, spans, controller };
}

/** Every span of a stream that comes in odd pieces and then ends. */
async function spansOf(ts: Buffer, limits: Partial<TranscodeLimits> = {}) {
  const { media, spans } = open(limits);
  for (let at = 0; at < ts.length; at += 1_009) media.write(ts.subarray(at, at + 1_009));
  media.end();
  const found: { span: MediaSpan; data: Buffer }[] = [];
  for (let span = await spans.next(); span; span = await spans.next()) found.push({ span, data: await buffer(span) });
  spans.close();
  return found;
}

async function wanted(next: Promise<MediaSpan | undefined>): Promise<MediaSpan> {
  const span = await next;
  if (span === undefined) throw new Error('no span came');
  return span;
}

const audioOf = ({ span }: { span: MediaSpan }) =>
  typeof span.inputs.audio === 'string' ? span.inputs.audio : span.inputs.audio.codec;

describe('MediaSpans', () => {
  let ts: Buffer;
  let videoOnly: Buffer;
  beforeAll(async () => {
    [ts, videoOnly] = await Promise.all([makeTs({ seconds: 4 }), makeTs({ seconds: 4, audio: 'none' })]);
  });

  test('a steady stream is one span with every byte', async () => {
    const [only, ...others] = await spansOf(ts);
    expect(others).toEqual([]);
    expect(only && audioOf(only)).toBe('aac');
    // The stream begins with SDT, PAT and PMT before its first key frame.
    expect(only?.data.subarray(tableBytes).equals(ts.subarray(3 * 188))).toBe(true);
  });

  test('audio that comes 2 s late: silence first, cut at the next key frame, nothing lost or given twice', async () => {
    const late = await makeTs({ seconds: 6, audioDelay: 2 });
    const found = await spansOf(late);
    expect(found.map(audioOf)).toEqual(['silence', 'aac']);
    const bodies = found.map(({ data }) => data.subarray(tableBytes));
    expect(Buffer.concat(bodies).equals(late.subarray(3 * 188))).toBe(true);
  });

  test.each([
    ['audio is added', () => [videoOnly, ts], ['none', 'aac']],
    ['audio is taken away', () => [ts, videoOnly], ['aac', 'none']],
    ['announced audio never comes', () => [withoutPid(ts, audioPid)], ['silence']],
  ])('%s', async (_, parts, audio) => {
    expect((await spansOf(Buffer.concat(parts()))).map(audioOf)).toEqual(audio);
  });

  test('a change of the picture size is a cut', async () => {
    const larger = await makeTs({ seconds: 1, size: '320x180' });
    expect(await spansOf(Buffer.concat([ts, larger, ts]))).toHaveLength(3);
  });

  test('a join in mid-GOP begins at the next key frame', async () => {
    const [only] = await spansOf(fromShare(videoOnly, 0.3));
    const body = only?.data.subarray(tableBytes) ?? Buffer.alloc(0);
    expect(body.length).toBeGreaterThan(0);
    expect(videoOnly.subarray(-body.length).equals(body)).toBe(true);
  });

  test('without random access points any picture will do after a while', async () => {
    const endless = await makeTs({ seconds: 4, gop: 1_000, audio: 'none' });
    const found = await spansOf(fromShare(endless, 0.3), { noRandomAccessSeconds: 1 });
    expect(found).toHaveLength(1);
    expect(await spansOf(fromShare(endless, 0.3))).toEqual([]);
  });

  test('an abandoned span: media is dropped, also while no span takes any, and the next span begins at a key frame', async () => {
    const { media, spans } = open({ heldBytes: 20_000 });
    media.write(ts);
    const first = await spans.next();
    expect(first?.videoSeconds).toBeLessThan(4);
    spans.abandon();
    media.write(ts);
    const next = spans.next();
    media.write(ts);
    const second = await wanted(next);
    media.end();
    const data = await buffer(second);
    spans.close();
    expect(data.length).toBeGreaterThan(ts.length / 2);
    expect(first?.destroyed).toBe(true);
  });

  test('media is not read past the limit while no span takes it, and goes on when one does', async () => {
    const { media, spans } = open({ heldBytes: 30_000 });
    media.write(ts.subarray(0, 40_000));
    const span = await wanted(spans.next());
    media.write(ts.subarray(40_000, 80_000));
    await expect.poll(() => media.isPaused()).toBe(true);
    media.end(ts.subarray(80_000));
    expect((await buffer(span)).length).toBeGreaterThan(ts.length - 10 * 188);
    spans.close();
  });

  test('an abort ends the span and gives no other', async () => {
    const { media, spans, controller } = open();
    media.write(ts);
    const span = await wanted(spans.next());
    const data = buffer(span);
    controller.abort();
    expect((await data).length).toBeGreaterThan(0);
    expect(await spans.next()).toBeUndefined();
    spans.close();
    expect(media.destroyed).toBe(true);
  });
});

describe('MediaSpans under changes at each random access point', () => {
  /** Two sizes in turn, 0.1 s each, as fast as they are taken. */
  async function flips(seconds: number): Promise<Buffer> {
    const options = { seconds: 0.1, fps: '30', audio: 'none', gop: 1 } as const;
    const [small, large] = await Promise.all([
      makeTs({ ...options, size: '320x180' }),
      makeTs({ ...options, size: '640x360' }),
    ]);
    return Buffer.concat(Array.from({ length: seconds * 5 }, () => [small, large]).flat());
  }

  test('holds two spans and no more than its limit, and takes the rest as they are read', async () => {
    const heldBytes = 200_000;
    const all = await flips(20);
    const media = Readable.from(pieces(all, 10_000), { objectMode: false });
    let [taken, given] = [0, 0];
    media.on('data', (chunk: Buffer) => (taken += chunk.length));
    const controller = new AbortController();
    const spans = new MediaSpans({ media, signal: controller.signal, limits: { ...defaultLimits, heldBytes } });
    for (let count = 0; count < 20; count += 1) {
      const span = await wanted(spans.next());
      await settled(() => taken);
      expect(taken - given).toBeLessThan(heldBytes + 3 * 10_000);
      given += (await buffer(span)).length - tableBytes;
    }
    expect(taken).toBeLessThan(all.length);
    spans.close();
  });

  test('loses nothing at the changes', async () => {
    const all = await flips(2);
    const found = await spansOf(all);
    expect(found).toHaveLength(20);
    // What is missing are the tables and the first key frame's forerunners, once.
    const bytes = found.reduce((sum, { data }) => sum + data.length - tableBytes, 0);
    expect(all.length - bytes).toBeLessThan(4 * 188);
  });

  test('ends with the media although spans wait', async () => {
    const { media, spans } = open();
    const ts = await flips(4);
    media.write(ts.subarray(0, 5_000));
    const first = await wanted(spans.next());
    media.write(ts.subarray(5_000));
    const all = buffer(first);
    media.destroy();
    await all;
    expect(spans.isOver).toBe(true);
    await buffer(await wanted(spans.next()));
    expect(await spans.next()).toBeUndefined();
    spans.close();
  });
});

/** Resolves when a number has stopped changing. */
async function settled(look: () => number): Promise<void> {
  let before = -1;
  for (let same = 0; same < 5; before = look()) {
    same = look() === before ? same + 1 : 0;
    await new Promise(resolve => setImmediate(resolve));
  }
}

describe('MediaSpans refuses', () => {
  const quick = { noVideoMs: 100, nothingMs: 100 };

  async function refusal(data: Buffer, limits: Partial<TranscodeLimits> = quick) {
    const { media, spans } = open(limits);
    if (data.length > 0) media.write(data);
    const error = await spans.next().then(
      () => undefined,
      reason => reason,
    );
    spans.close();
    return error;
  }

  const garbage = Buffer.alloc(300_000, 'no transport stream');

  test.each([
    ['an encoder that sends nothing', async () => Buffer.alloc(0), /connected and sends nothing/],
    ['garbage', async () => garbage, /no MPEG-TS: 300000 bytes came/],
    ['audio only', async () => makeTs({ video: ['-vn'], seconds: 2 }), /no video .* announces aac/],
    [
      'video that is only announced',
      async () => withoutPid(await makeTs(), 256),
      /announces h264 video on PID 256 and sends none/,
    ],
    ['packets without tables', async () => withoutPid(await makeTs(), 0), /without PAT and PMT/],
  ])('%s, and says what it saw and what to send', async (_, make, message) => {
    const error = await refusal(await make());
    expect(error).toMatchObject({ code: 'input_invalid', message: expect.stringMatching(message) });
    expect(error.message).toContain('Send MPEG-TS with one H.264');
  });

  test('a picture that grows too large later: all that came before is given first', async () => {
    const [small, large] = await Promise.all([makeTs({ seconds: 1 }), makeTs({ seconds: 1, size: '640x360' })]);
    const { media, spans } = open({ maxPixels: 100_000 });
    media.write(small);
    const span = await wanted(spans.next());
    media.write(large);
    expect((await buffer(span)).length).toBeGreaterThan(small.length - 4 * 188);
    expect(span.isCutByInputs).toBe(false);
    await expect(spans.next()).rejects.toMatchObject({
      code: 'input_invalid',
      message: expect.stringMatching(/640x368 .*MAX_PIXELS/),
    });
    spans.close();
  });

  test('garbage at once when there is much of it, whatever the time', async () => {
    const error = await refusal(garbage, { noPacketsBytes: 200_000 });
    expect(error).toMatchObject({ code: 'input_invalid' });
  });

  test('nothing when media ends early: the encoder may come back; but reports what was wrong', async () => {
    const { media, spans } = open(quick);
    media.end(garbage);
    expect(await spans.next()).toBeUndefined();
    expect(spans.complaint?.message).toContain('no MPEG-TS');
    spans.close();
  });
});
