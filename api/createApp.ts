import type { Queue } from 'bullmq';
import express, { type Express, type RequestHandler } from 'express';
import type { Redis } from 'ioredis';
import type { Config } from '../common/config/loadConfig.ts';
import type { Logger } from '../common/createLogger.ts';
import { AppError } from '../common/errors.ts';
import type { Metrics } from '../common/metrics/createMetrics.ts';
import { observeSkipped } from '../common/metrics/observeSkipped.ts';
import type { EntryParser } from '../common/redis/entryParser.ts';
import type { StreamJob } from '../common/redis/queues.ts';
import { RouterRegistry } from '../common/routers/routerRegistry.ts';
import { StreamLogs } from '../common/stream/streamLogs.ts';
import { StreamPages } from '../common/stream/streamPages.ts';
import { StreamSamples } from '../common/stream/streamSamples.ts';
import { StreamStore } from '../common/stream/streamStore.ts';
import type { Tracing } from '../common/tracing/createTracing.ts';
import { createTargetCheck } from '../common/webhooks/createTargetCheck.ts';
import { WorkerRegistry } from '../common/workers/workerRegistry.ts';
import pack from '../package.json' with { type: 'json' };
import type { Admin } from './admin/startAdmin.ts';
import type { Permission } from './auth/permission.ts';
import type { Auth } from './auth/startAuth.ts';
import { createApiRouter } from './createApiRouter.ts';
import type { EventFeed } from './events/eventFeed.ts';
import { EventHistory } from './events/eventHistory.ts';
import { limitBody } from './http/readBody.ts';
import { setRequestId } from './http/requestId.ts';
import { requireHost } from './http/requireHost.ts';
import { embedHeaders, openToAll, securityHeaders } from './http/securityHeaders.ts';
import { strictTransport } from './http/strictTransport.ts';
import { writeError } from './http/writeError.ts';
import { measureRequests } from './metrics/measureRequests.ts';
import { observeAudiences } from './metrics/observeAudiences.ts';
import { observeStreams } from './metrics/observeStreams.ts';
import { traceRequests } from './metrics/traceRequests.ts';
import { apiRoutes } from './routes/apiRoutes.ts';
import { assetRoutes } from './routes/assets.ts';
import { beaconRoutes } from './routes/beacons.ts';
import { healthRoutes } from './routes/health.ts';
import { metricsRoutes } from './routes/metrics.ts';
import { openApiRoutes } from './routes/openApi.ts';
import { videoRoutes } from './routes/video.ts';
import { watchRoutes } from './routes/watch.ts';
import { PlaybackPlaces } from './streams/playbackUrls.ts';
import { StreamService } from './streams/streamService.ts';
import type { Audiences } from './viewers/audiences.ts';
import { createWebhookService } from './webhooks/createWebhookService.ts';

export interface AppDeps {
  config: Config;
  log: Logger;
  /** Fail-fast (role `request`). */
  redis: Redis;
  entries: EntryParser;
  /** Queue `streams`. */
  queue: Queue<StreamJob>;
  events: EventFeed;
  auth: Auth;
  metrics: Metrics;
  /** Its stop() is the caller's. */
  audiences: Audiences;
  /** Undefined: nothing is traced. */
  tracing: Tracing | undefined;
  /** The text of /metrics; without it that is not served here. */
  metricsText?: () => Promise<string>;
  /** The control room; undefined: nobody may log in. */
  admin?: Admin;
}

/** The front door's routes, in the order in which they are asked. Does not listen. */
export function createApp(deps: AppDeps): Express {
  const { config, log, redis, entries, metrics, audiences } = deps;
  const store = new StreamStore(redis, entries);
  const registry = new WorkerRegistry(redis, entries);
  const target = config.WEBHOOK_ALLOW_PRIVATE ? {} : { refusedTarget: createTargetCheck() };
  const places = new PlaybackPlaces(config);
  const streams = new StreamService({
    store,
    pages: new StreamPages(redis, store),
    events: deps.events,
    queue: deps.queue,
    maxStreams: config.MAX_STREAMS,
    defaultProfile: config.DEFAULT_PROFILE,
    places,
    activeTrace: () => deps.tracing?.active(),
    ...target,
    log,
  });
  const { storage } = config;
  const { authenticator, keys } = deps.auth;
  const local = storage.kind === 'file' && config.CLOUDFLARE_PUBLIC_URL === undefined;
  const app = express();
  // Answers are either never cached or have a tag from their file; 202 must never turn into 304.
  app
    .set('etag', false)
    .set('query parser', 'simple')
    .set('x-powered-by', false)
    .set('trust proxy', config.TRUSTED_PROXIES ?? false);
  observeStreams(metrics.meter, store);
  observeSkipped(metrics.meter, entries);
  observeAudiences(metrics.meter, audiences);
  const samples = new StreamSamples(redis, entries);
  const history = new EventHistory(redis, entries);
  const webhooks = createWebhookService({ redis, entries, history, ...target });
  const services = {
    ...{ streams, workers: registry, routers: new RouterRegistry(redis, entries), samples, audiences, keys, webhooks },
    eventTokens: deps.auth.eventTokens,
    ...{ playbackTokens: deps.auth.playbackTokens, places },
    ...{ events: deps.events, history, webhookSrtUrl: config.WEBHOOK_SRT_URL },
    logs: new StreamLogs(redis, entries),
  };
  const traced = deps.tracing ? [traceRequests(deps.tracing)] : [];
  app.use(setRequestId, ...traced, requireHost, measureRequests(metrics.meter), strictTransport(config.API_PUBLIC_URL));
  const authorize = (permission: Permission): RequestHandler => {
    const signed = authenticator.permit(permission);
    return deps.admin && permission !== 'public' ? deps.admin.orSession(permission, signed) : signed;
  };
  app.use(createApiRouter({ services, authenticator, authorize, redis, legacy: config.LEGACY_API, log }));
  const mediaOrigin = new URL(storage.publicUrl).origin;
  app.use(securityHeaders({ mediaOrigin }), limitBody, healthRoutes(registry));
  if (deps.metricsText) app.use(metricsRoutes({ text: deps.metricsText, token: config.METRICS_TOKEN }));
  app.use(['/video', '/watch', '/embed', '/assets'], openToAll);
  app.use('/embed', embedHeaders({ mediaOrigin, origins: config.EMBED_ORIGINS ?? [] }));
  if (storage.kind === 'file') app.use('/video', videoRoutes(storage.dir, deps.auth.playbackTokens));
  app.use(beaconRoutes(audiences, metrics.meter));
  const links = { publicUrl: storage.publicUrl, local, posters: config.POSTERS };
  app.use(watchRoutes(streams, audiences, { ...links, tokens: deps.auth.playbackTokens }));
  app.use(openApiRoutes(apiRoutes, config.SERVICE_VERSION ?? pack.version));
  app.use('/assets', assetRoutes());
  if (deps.admin) app.use(deps.admin.routes);
  app.use(() => {
    throw new AppError('not_found', 'there is nothing at this address; the calls are listed at /openapi.json');
  });
  app.use(writeError(log));
  return app;
}
