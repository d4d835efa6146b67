import type { StreamRecord } from '../../common/stream/streamRecord.ts';
import type { EventFeed } from '../events/eventFeed.ts';

interface Wait {
  /** Reads the record as it is. */
  read: () => Promise<StreamRecord>;
  until: (record: StreamRecord) => boolean;
  timeoutMs: number;
  /** Ends the wait, e.g. when the caller goes away. */
  signal: AbortSignal;
}

/** The stream's record when it is as wanted, at the latest as it is after `timeoutMs`. It is read again with each event of the stream. */
export async function awaitStream(events: EventFeed, streamId: string, wait: Wait): Promise<StreamRecord> {
  const ends = AbortSignal.any([wait.signal, AbortSignal.timeout(wait.timeoutMs)]);
  let news = Promise.withResolvers<void>();
  const wake = (): void => news.resolve();
  // Listening before the first read: what is written in between wakes it.
  const stopListening = events.listen(streamId, { onEvent: wake, onBack: wake, onEnd: wake });
  ends.addEventListener('abort', wake, { once: true });
  try {
    for (;;) {
      const record = await wait.read();
      if (wait.until(record) || ends.aborted) return record;
      await news.promise;
      news = Promise.withResolvers<void>();
    }
  } finally {
    stopListening();
    ends.removeEventListener('abort', wake);
  }
}
