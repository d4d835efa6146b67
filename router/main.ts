import { loadConfig } from '../common/config/loadConfig.ts';
import { createLogger, type Logger } from '../common/createLogger.ts';
import { AppError } from '../common/errors.ts';
import { logRejections } from '../common/logRejections.ts';
import { onEndSignals } from '../common/onEndSignals.ts';
import { type RunningRouter, startRouter } from './startRouter.ts';

/** Longer than all steps of a stop. */
const EXIT_MS = 15_000;

async function main(): Promise<void> {
  const { config, warnings } = loadConfig(process.env, ['JWT_SECRET', 'ROUTER_PORT'], { storeKeys: false });
  const log = createLogger({ level: config.LOG_LEVEL, name: 'router', node: config.NODE_ID });
  for (const warning of warnings) log.warn(warning);
  logRejections(log);
  endOnSignals(await startRouter(config, log), log);
}

/** The first request stops in order; a second one ends the process. */
function endOnSignals(router: RunningRouter, log: Logger): void {
  onEndSignals((count, signal) => {
    if (count > 1) process.kill(process.pid, 'SIGKILL');
    log.info({ signal }, 'stopping');
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), EXIT_MS).unref();
    void end(router, log);
  });
}

async function end(router: RunningRouter, log: Logger): Promise<void> {
  try {
    await router.stop();
    log.info('stopped');
  } catch (error) {
    log.error({ err: error }, 'the router did not stop in order; exiting with code 1');
    process.exitCode = 1;
  }
  process.exit();
}

main().catch(error => {
  process.stderr.write(`livetran router: ${error instanceof AppError ? error.message : (error as Error).stack}\n`);
  process.exit(1);
});
