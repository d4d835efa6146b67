import { type Logger, pino } from 'pino';

/** A logger that says nothing. For tests. */
export function silentLogger(): Logger {
  return pino({ level: 'silent' });
}
