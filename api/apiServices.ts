import type { RouterRegistry } from '../common/routers/routerRegistry.ts';
import type { StreamLogs } from '../common/stream/streamLogs.ts';
import type { StreamSamples } from '../common/stream/streamSamples.ts';
import type { WorkerRegistry } from '../common/workers/workerRegistry.ts';
import type { EventTokens } from './auth/eventTokens.ts';
import type { KeyService } from './auth/keyService.ts';
import type { PlaybackTokens } from './auth/playbackTokens.ts';
import type { EventFeed } from './events/eventFeed.ts';
import type { EventHistory } from './events/eventHistory.ts';
import type { PlaybackPlaces } from './streams/playbackUrls.ts';
import type { StreamService } from './streams/streamService.ts';
import type { Audiences } from './viewers/audiences.ts';
import type { WebhookService } from './webhooks/webhookService.ts';

/** What the routes of the resource API call. */
export interface ApiServices {
  streams: StreamService;
  workers: WorkerRegistry;
  routers: RouterRegistry;
  /** Figures of live streams. */
  samples: StreamSamples;
  /** What workers logged about streams. */
  logs: StreamLogs;
  /** What viewers report. */
  audiences: Audiences;
  keys: KeyService;
  webhooks: WebhookService;
  /** All streams' events as they are written. */
  events: EventFeed;
  history: EventHistory;
  eventTokens: EventTokens;
  /** Of viewers. */
  playbackTokens: PlaybackTokens;
  places: PlaybackPlaces;
  /** WEBHOOK_SRT_URL: whether the bodies of webhooks have SrtUrl. */
  webhookSrtUrl: boolean;
}
