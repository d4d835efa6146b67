import { loadConfig } from '../common/config/loadConfig.ts';
import { createLogger, type Logger } from '../common/createLogger.ts';
import { AppError } from '../common/errors.ts';
import { logRejections } from '../common/logRejections.ts';
import { onEndSignals } from '../common/onEndSignals.ts';
import { redisAddress } from '../common/redis/redisAddress.ts';
import { startApi } from './startApi.ts';

/** A start that cannot be: one clear text for the person at the terminal, no stack. Other errors are ours and end as such. */
function refuse(error: unknown): never {
  if (!(error instanceof AppError)) throw error;
  process.stderr.write(`livetran api: ${error.message}\n`);
  process.exit(1);
}

/** Without user and password. */
function redisHost(url: string): string {
  const address = redisAddress(url);
  if (address?.kind !== 'sentinel') return address?.host ?? '';
  return `${address.name} of ${address.sentinels.map(({ host, port }) => `${host}:${port}`).join(', ')}`;
}

function stopOnSignals(stop: () => Promise<void>, log: Logger): void {
  onEndSignals((count, signal) => {
    // A repeated request does not wait for requests under way.
    if (count > 1) process.exit(1);
    log.info({ signal }, 'stopping');
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, 'the API did not stop in order; exiting with code 1');
        process.exit(1);
      },
    );
  });
}

try {
  const { config, warnings } = loadConfig(process.env, ['HMAC_SECRET'], { storeKeys: false });
  const log = createLogger({ level: config.LOG_LEVEL, name: 'api', node: config.NODE_ID });
  for (const warning of warnings) log.warn(warning);
  logRejections(log);
  const api = await startApi(config, log);
  stopOnSignals(api.stop, log);
  log.info({ url: api.url, redis: redisHost(config.REDIS_URL), storage: config.storage.kind }, 'listening');
} catch (error) {
  refuse(error);
}
