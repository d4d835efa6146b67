const LEVELS: Readonly<Record<number, string>> = { 40: ' WARN', 50: ' ERROR', 60: ' FATAL' };
const SHOWN = ['streamId', 'run', 'state', 'reason', 'requestId', 'port', 'url', 'file', 'signal'] as const;

/** A pino line for people: `12:34:56 worker  encoder connected  streamId=demo`. Anything else as it stands. */
export function formatLogLine(name: string, line: string): string {
  const entry = parse(line);
  if (!entry) return `         ${name.padEnd(7)} ${line}`;
  const time = String(entry.time).slice(11, 19);
  const ids = SHOWN.filter(field => entry[field] !== undefined).map(field => `${field}=${String(entry[field])}`);
  const error = entry.err as { message?: unknown } | undefined;
  const words = [String(entry.msg ?? ''), ...ids, ...(error?.message ? [String(error.message)] : [])];
  return `${time} ${name.padEnd(7)}${LEVELS[Number(entry.level)] ?? ''} ${words.join('  ')}`;
}

function parse(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    // A line that was cut off when its process ended.
    return undefined;
  }
}
