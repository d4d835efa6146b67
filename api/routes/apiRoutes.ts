import type { Route } from '../http/route.ts';
import { eventRoutes } from './events.ts';
import { keyRoutes } from './keys.ts';
import { logRoutes } from './log.ts';
import { playbackTokenRoutes } from './playbackTokens.ts';
import { routerRoutes } from './routers.ts';
import { statsRoutes } from './stats.ts';
import { streamRoutes } from './streams.ts';
import { webhookDeliveryRoutes } from './webhookDeliveries.ts';
import { webhookEndpointRoutes } from './webhookEndpoints.ts';
import { workerRoutes } from './workers.ts';

/** Every route of the resource API. A new one is added here, and nowhere else (docs/api.md#add-a-route). */
export const apiRoutes: readonly Route[] = [
  ...streamRoutes,
  ...playbackTokenRoutes,
  ...statsRoutes,
  ...logRoutes,
  ...eventRoutes,
  ...workerRoutes,
  ...routerRoutes,
  ...keyRoutes,
  ...webhookDeliveryRoutes,
  ...webhookEndpointRoutes,
];
