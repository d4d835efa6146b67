import { type Logger, pino } from 'pino';

export type { Logger } from 'pino';

/** The process's logger: JSON lines on stdout. Bind ids once: `log.child({ streamId, run })`. */
export function createLogger(options: { level: string; name: string }): Logger {
  return pino({
    level: options.level,
    base: { name: options.name, pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: pino.stdSerializers.err },
    redact: {
      paths: [
        'token',
        '*.token',
        'srtUrl',
        '*.srtUrl',
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
  });
}
