import { z } from 'zod';
import { askRedis } from '../http/askRedis.ts';
import { defineRoute } from '../http/route.ts';
import { viewWorker, workerView } from '../workers/workerView.ts';

const listWorkers = defineRoute({
  ...{ method: 'get', path: '/workers', operationId: 'listWorkers', tag: 'Workers', permission: 'streams:read' },
  summary: 'List the live workers, the oldest first',
  answers: { 200: { description: 'Workers', schema: z.object({ data: z.array(workerView) }) } },
  errors: [],
  call: async (_request, { workers }) => ({
    status: 200,
    body: { data: (await askRedis(() => workers.list())).map(viewWorker) },
  }),
});

export const workerRoutes = [listWorkers];
