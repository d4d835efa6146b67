import { loadConfig } from '../../../common/config/loadConfig.ts';
import { createLogger } from '../../../common/createLogger.ts';
import { onEndSignals } from '../../../common/onEndSignals.ts';
import { webhookLimits } from '../../../worker/notify/webhookLimits.ts';
import { startWorker } from '../../../worker/start/startWorker.ts';

/** `node scaledWorker.ts <scale>`: a worker whose webhooks are tried so many times as fast. Everything else is as in worker/main.ts. */
const scale = Number(process.argv[2]);
const { firstRetryMs, longestRetryMs, openMs, longestMs, pauseMs, recheckMs, giveUpMs } = webhookLimits;
const scaled = { firstRetryMs, longestRetryMs, openMs, longestMs, pauseMs, recheckMs, giveUpMs };
const limits = {
  ...webhookLimits,
  ...(Object.fromEntries(Object.entries(scaled).map(([name, ms]) => [name, ms / scale])) as typeof scaled),
  // What a busy machine takes does not scale.
  ...{ timeoutMs: 1_000, placeMs: 3_000, startMs: 1_500, lockMs: 2_000, stalledMs: 1_000 },
};

const { config } = loadConfig(process.env, ['JWT_SECRET', 'HMAC_SECRET']);
const log = createLogger({ level: config.LOG_LEVEL, name: 'worker', node: config.NODE_ID });
const worker = await startWorker(config, log, { limits });
onEndSignals(() => void worker.stop().then(() => process.exit()));
