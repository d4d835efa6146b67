import { ApiError } from './apiError.ts';
import { ConnectionError } from './connectionError.ts';
import { delay } from './delay.ts';
import { openBytes } from './openBytes.ts';
import { readEvents, type ServerSentEvent } from './readEvents.ts';
import type { Transport } from './transport.ts';

export interface FollowOptions {
  /** Ends the events, also while there is none. */
  signal?: AbortSignal;
  /** The id of the last event that was handled: those after it come first. */
  lastEventId?: string;
  /** Called once when the connection broke off; new ones are tried. */
  onDisconnect?: (error: Error) => void;
  /** Called when a connection is open again. */
  onReconnect?: () => void;
  /** How long the API may be away before this gives up (ms). For ever by default. */
  giveUpMs?: number;
}

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 15_000;

/**
 * Server-sent events over as many connections as it takes: a new one goes on after the last event (Last-Event-ID). Ends
 * when the signal is aborted. Throws what keeps the first connection from opening, and later an answer that will not
 * change (the key was revoked).
 */
export async function* followEvents(
  transport: Transport,
  path: string,
  options: FollowOptions = {},
): AsyncGenerator<ServerSentEvent> {
  const { signal, onDisconnect, onReconnect, giveUpMs = Number.POSITIVE_INFINITY } = options;
  let { lastEventId } = options;
  let [pause, failures] = [FIRST_PAUSE_MS, 0];
  let isOpened = false;
  let awaySince: number | undefined;
  while (!signal?.aborted) {
    try {
      const bytes = await openBytes(transport, path, lastEventId, signal);
      if (awaySince !== undefined) onReconnect?.();
      [isOpened, failures, awaySince] = [true, 0, undefined];
      for await (const event of readEvents(bytes, ms => (pause = ms))) {
        // A new connection may begin with the present state, which is an event that was handled.
        if (event.id && event.id === lastEventId) continue;
        yield event;
        lastEventId = event.id || lastEventId;
      }
    } catch (error) {
      if (signal?.aborted) return;
      if (!isOpened || !passes(error)) throw error;
      if (awaySince === undefined) onDisconnect?.(error as Error);
      awaySince ??= performance.now();
      if (performance.now() - awaySince > giveUpMs) throw error;
      failures += 1;
    }
    // An abort ends the pause; the loop's condition then ends the events.
    await delay(Math.min(pause * 2 ** Math.max(0, failures - 1), LONGEST_PAUSE_MS), signal).catch(() => undefined);
  }
}

const passes = (error: unknown): boolean =>
  error instanceof ConnectionError || (error instanceof ApiError && error.retryable);
