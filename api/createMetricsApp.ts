import express, { type Express } from 'express';
import type { Logger } from '../common/createLogger.ts';
import { AppError } from '../common/errors.ts';
import { limitBody } from './http/readBody.ts';
import { setRequestId } from './http/requestId.ts';
import { writeError } from './http/writeError.ts';
import { metricsRoutes } from './routes/metrics.ts';

/** What METRICS_PORT serves: /metrics and nothing else. Does not listen. */
export function createMetricsApp(options: {
  text: () => Promise<string>;
  token: string | undefined;
  log: Logger;
}): Express {
  const app = express();
  app.set('etag', false).disable('x-powered-by');
  app.use(setRequestId, limitBody, metricsRoutes(options));
  app.use(() => {
    throw new AppError('not_found', 'there is nothing at this address; metrics are at /metrics');
  });
  app.use(writeError(options.log));
  return app;
}
