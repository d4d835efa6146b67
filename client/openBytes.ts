import { ConnectionError } from './connectionError.ts';
import type { Transport } from './transport.ts';

/** The API sends at least a comment every 15 s. */
const SILENCE_MS = 40_000;

/**
 * Opens a connection for server-sent events; resolves to its bytes when the API has answered. A connection that breaks off,
 * or that is silent for 40 s, ends with ConnectionError; one that the API ends, without an error.
 */
export async function openBytes(
  transport: Transport,
  path: string,
  lastEventId: string | undefined,
  signal: AbortSignal | undefined,
): Promise<AsyncGenerator<Uint8Array>> {
  const silence = new AbortController();
  const timer = startTimer(() => silence.abort(new Error(`nothing for ${SILENCE_MS / 1_000} s`)));
  try {
    const response = await transport.open({
      ...{ method: 'GET', path },
      headers: { accept: 'text/event-stream', ...(lastEventId !== undefined && { 'last-event-id': lastEventId }) },
      signal: signal ? AbortSignal.any([signal, silence.signal]) : silence.signal,
    });
    return readBytes(response, transport.url, timer);
  } catch (error) {
    timer.stop();
    throw error;
  }
}

async function* readBytes(response: Response, url: string, timer: Timer): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  try {
    for (;;) {
      const chunk = await reader?.read();
      if (!chunk || chunk.done) return;
      timer.restart();
      yield chunk.value;
    }
  } catch (error) {
    throw new ConnectionError(url, error);
  } finally {
    timer.stop();
    // Fails with the error that is thrown already.
    await reader?.cancel().catch(() => undefined);
  }
}

interface Timer {
  restart(): void;
  stop(): void;
}

function startTimer(onSilence: () => void): Timer {
  let timer = setTimeout(onSilence, SILENCE_MS);
  const stop = (): void => clearTimeout(timer);
  const restart = (): void => {
    stop();
    timer = setTimeout(onSilence, SILENCE_MS);
  };
  return { restart, stop };
}
