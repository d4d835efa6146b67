import { z } from 'zod';
import { askRedis } from '../http/askRedis.ts';
import { defineRoute } from '../http/route.ts';
import { routerView, viewRouter } from '../workers/routerView.ts';

const listRouters = defineRoute({
  ...{ method: 'get', path: '/routers', operationId: 'listRouters', tag: 'Workers', permission: 'streams:read' },
  summary: 'List the live routers, the oldest first',
  answers: { 200: { description: 'Routers', schema: z.object({ data: z.array(routerView) }) } },
  errors: [],
  call: async (_request, { routers }) => ({
    status: 200,
    body: { data: (await askRedis(() => routers.list())).map(viewRouter) },
  }),
});

export const routerRoutes = [listRouters];
