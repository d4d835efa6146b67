import type { WorkerRegistry } from '../common/workers/workerRegistry.ts';
import type { EventFeed } from './events/eventFeed.ts';
import type { StreamService } from './streams/streamService.ts';

/** What the routes of the resource API call. */
export interface ApiServices {
  streams: StreamService;
  workers: WorkerRegistry;
  /** All streams' events as they are written. */
  events: EventFeed;
}
