/** One server-sent event. `id` is the last one that was sent, as for EventSource. */
export interface ServerSentEvent {
  id: string;
  event: string;
  data: string;
}

/** Longer than any event of the API; what is longer is an error, not memory. */
const EVENT_MAX = 1_000_000;

/**
 * Reads server-sent events (WHATWG HTML section 9.2.6) from a stream of bytes.
 * @param onRetry called with the pause before a new connection (ms), when the server names one
 */
export async function* readEvents(
  bytes: AsyncIterable<Uint8Array>,
  onRetry: (ms: number) => void = () => undefined,
): AsyncGenerator<ServerSentEvent> {
  let id = '';
  let event = '';
  let data: string[] = [];
  let size = 0;
  for await (const line of linesOf(bytes)) {
    size += line.length;
    if (size > EVENT_MAX) throw tooLong();
    if (line === '') {
      size = 0;
      if (data.length > 0) yield { id, event: event || 'message', data: data.join('\n') };
      [event, data] = ['', []];
      continue;
    }
    const [, name, value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (name === 'data') data.push(value);
    else if (name === 'event') event = value;
    else if (name === 'id' && !value.includes('\0')) id = value;
    else if (name === 'retry' && /^\d+$/.test(value)) onRetry(Number(value));
  }
}

/** Lines end with CR LF, LF or CR; what comes after the last end is not a line yet. */
async function* linesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of bytes) {
    text += decoder.decode(chunk, { stream: true });
    // A CR at the end may be the first half of CR LF.
    const lines = text.split(/\r\n|\n|\r(?!$)/);
    text = lines.pop() ?? '';
    if (text.length > EVENT_MAX) throw tooLong();
    yield* lines;
  }
  if (text.endsWith('\r')) yield text.slice(0, -1);
}

const tooLong = (): Error => new Error(`an event has more than ${EVENT_MAX} characters`);
