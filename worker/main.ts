import { loadConfig } from '../common/config/loadConfig.ts';
import { createLogger } from '../common/createLogger.ts';
import { AppError } from '../common/errors.ts';
import { startWorker } from './startWorker.ts';

/** A deadline for an orderly end: libsrt can hang a process that exits while its threads are at work. */
const EXIT_DEADLINE_MS = 20_000;

async function main(): Promise<void> {
  const { config, warnings } = loadConfig(process.env, ['JWT_SECRET', 'HMAC_SECRET']);
  const log = createLogger({ level: config.LOG_LEVEL, name: 'worker' });
  for (const warning of warnings) log.warn(warning);
  const worker = await startWorker(config, log);
  let stopping: Promise<void> | undefined;
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping && signal === 'SIGINT') process.kill(process.pid, 'SIGKILL');
    log.info({ signal }, 'stopping');
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), EXIT_DEADLINE_MS).unref();
    stopping ??= worker
      .stop()
      .then(
        () => log.info('stopped'),
        error => {
          log.error({ err: error }, 'not stopped in order');
          process.exitCode = 1;
        },
      )
      .then(() => process.exit());
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  const die = (error: unknown): void => {
    log.fatal({ err: error }, 'a fault that nobody caught; ending');
    process.exitCode = 1;
    stop('SIGTERM');
  };
  process.on('uncaughtException', die);
  process.on('unhandledRejection', die);
}

main().catch(error => {
  process.stderr.write(`livetran worker: ${error instanceof AppError ? error.message : (error as Error).stack}\n`);
  process.exit(1);
});
