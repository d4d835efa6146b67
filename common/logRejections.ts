import type { Logger } from './createLogger.ts';

/**
 * Logs a rejection that nothing handled, and lets the process go on. Node's default ends it, with every stream that it has
 * (Node: process event `unhandledRejection`). The operation that failed has no other effect than its own failure.
 */
export function logRejections(log: Logger): void {
  process.on('unhandledRejection', error => {
    log.error({ err: error }, 'unhandled rejection; the process goes on');
  });
}
