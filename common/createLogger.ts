import { type Logger, type LoggerOptions, pino } from 'pino';
import { formatLogLine } from './formatLogLine.ts';

export type { Logger } from 'pino';

/**
 * The process's logger: JSON lines on stdout, lines for people where that is a terminal. Bind ids once: `log.child({ streamId, run })`.
 * @param node NODE_ID of this host, in every line
 * @param onLine gets each line before it is written, redacted, and returns what is written
 */
export function createLogger(
  { level, ...base }: { level: string; name: string; node?: string },
  onLine?: (line: string) => string,
): Logger {
  const options: LoggerOptions = {
    level,
    hooks: onLine ? { streamWrite: onLine } : {},
    base: { ...base, pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: pino.stdSerializers.err },
    redact: {
      paths: [
        'token',
        '*.token',
        'srtUrl',
        '*.srtUrl',
        'passphrase',
        '*.passphrase',
        'secret',
        '*.secret',
        'password',
        '*.password',
        'authorization',
        '*.authorization',
        'headers["lt-signature"]',
        '*.headers["lt-signature"]',
      ],
      censor: '[redacted]',
    },
  };
  if (!process.stdout.isTTY) return pino(options);
  const write = (line: string): void => void process.stdout.write(`${formatLogLine(base.name, line.trimEnd())}\n`);
  return pino(options, { write });
}
