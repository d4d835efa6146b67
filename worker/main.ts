import { loadConfig } from '../common/config/loadConfig.ts';
import { createLogger, type Logger } from '../common/createLogger.ts';
import { AppError } from '../common/errors.ts';
import { logRejections } from '../common/logRejections.ts';
import { onEndSignals } from '../common/onEndSignals.ts';
import { LogKeeper } from './observe/logKeeper.ts';
import { ExceptionBudget } from './start/exceptionBudget.ts';
import { type RunningWorker, startWorker } from './start/startWorker.ts';
import { stopDeadlines } from './start/stopDeadlines.ts';

async function main(): Promise<void> {
  const { config, warnings } = loadConfig(process.env, ['JWT_SECRET', 'HMAC_SECRET']);
  const keeper = new LogKeeper();
  const log = createLogger({ level: config.LOG_LEVEL, name: 'worker', node: config.NODE_ID }, line => {
    keeper.note(line);
    return line;
  });
  for (const warning of warnings) log.warn(warning);
  logRejections(log);
  endOnSignals(await startWorker(config, log, { keeper }), log);
}

/** The first request drains and stops; the second one stops without waiting, still in order; the third one kills the process. */
function endOnSignals(worker: RunningWorker, log: Logger): void {
  const hurry = new AbortController();
  let ending = false;
  let failing = false;
  const end = async (): Promise<void> => {
    if (ending) return;
    ending = true;
    try {
      await worker.drain(hurry.signal);
      setTimeout(() => process.kill(process.pid, 'SIGKILL'), stopDeadlines.exitMs).unref();
      await worker.stop({ failing });
      log.info('stopped');
    } catch (error) {
      log.error({ err: error }, 'the worker did not stop in order; exiting with code 1');
      process.exitCode = 1;
    }
    process.exit();
  };
  onEndSignals((count, signal) => {
    log.info(
      { signal },
      count === 1 ? 'draining: takes no new streams' : 'stopping without waiting for streams to end',
    );
    if (count === 1) void end();
    if (count === 2) hurry.abort();
    if (count === 3) process.kill(process.pid, 'SIGKILL');
  });
  const exceptions = new ExceptionBudget();
  process.on('uncaughtException', error => {
    if (exceptions.survives(performance.now())) {
      log.error({ err: error }, 'uncaught exception; the process goes on');
      return;
    }
    log.fatal({ err: error }, 'too many uncaught exceptions; handing all streams over');
    process.exitCode = 1;
    failing = true;
    hurry.abort();
    void end();
  });
}

main().catch(error => {
  process.stderr.write(`livetran worker: ${error instanceof AppError ? error.message : (error as Error).stack}\n`);
  process.exit(1);
});
