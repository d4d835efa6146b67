import type { EpochWriter } from '../segment/epochWriter.ts';
import type { SpanEnd, SpanOptions } from './runSpan.ts';

/** How often the source is judged and progress is reported, ms. */
const LOOK_MS = 500;

/** Passes a span on as it came: its packets go to the segmenter, without FFmpeg. Ends with the span. */
export async function passSpanOn(options: SpanOptions, writer: EpochWriter): Promise<SpanEnd> {
  const { span, guard, log, onProgress } = options;
  const startedAt = performance.now();
  log.info({ inputs: span.inputs }, 'the source is passed on');
  const timer = setInterval(() => {
    const { facts } = writer;
    // Between segments too: key frames that are too far apart make none.
    guard.accepts(facts);
    const seconds = span.videoSeconds;
    onProgress?.({ frames: facts.pictures, seconds, speed: 1, behindSeconds: 0, duplicated: 0, dropped: 0 });
  }, LOOK_MS);
  try {
    await writer.feed(0, span);
  } finally {
    clearInterval(timer);
  }
  return { exit: undefined, sawPicture: writer.facts.pictures > 0, ranMs: performance.now() - startedAt };
}
