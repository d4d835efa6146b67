import { z } from 'zod';
import { AppError } from '../../common/errors.ts';
import { askRedis } from '../http/askRedis.ts';
import { defineRoute } from '../http/route.ts';
import { nodeView, viewNode } from '../workers/nodeView.ts';
import { viewWorker, workerView } from '../workers/workerView.ts';

const tag = 'Workers';
const name = z.string().min(1).max(128);
const drain = z
  .strictObject(
    { draining: z.boolean({ error: 'must be true or false' }) },
    { error: 'the body must be a JSON object' },
  )
  .meta({ id: 'Drain' });

const listWorkers = defineRoute({
  ...{ method: 'get', path: '/workers', operationId: 'listWorkers', tag, permission: 'streams:read' },
  summary: 'List the live workers, the oldest first',
  answers: { 200: { description: 'Workers', schema: z.object({ data: z.array(workerView) }) } },
  errors: [],
  call: async (_request, { workers }) => ({
    status: 200,
    body: { data: (await askRedis(() => workers.list())).map(viewWorker) },
  }),
});

const drainWorker = defineRoute({
  ...{ method: 'patch', path: '/workers/:worker_id', operationId: 'drainWorker', tag, permission: 'admin' },
  summary: 'Drain a worker, or let it take streams again',
  description:
    'A drained worker takes no new streams. Its live streams move to workers that have room, as when a worker is stopped; a stream that fits nowhere stays. It begins within 2 s.',
  params: z.object({ worker_id: name }),
  body: drain,
  answers: { 200: { description: 'The worker', schema: workerView } },
  errors: ['worker_not_found'],
  call: async ({ params: { worker_id: id }, body, log }, { workers }) => {
    const find = async () => (await workers.list()).find(worker => worker.id === id);
    const found = await askRedis(async () => {
      if (!(await find())) return undefined;
      await workers.setDrained({ worker: id }, body.draining);
      return find();
    });
    if (!found) throw new AppError('worker_not_found', `no live worker has the id "${id}"`);
    log.info({ workerId: id, ...body }, 'worker drained or undrained');
    return { status: 200, body: viewWorker(found) };
  },
});

const listNodes = defineRoute({
  ...{ method: 'get', path: '/nodes', operationId: 'listNodes', tag, permission: 'streams:read' },
  summary: 'List the nodes of the last 30 days, by name',
  description: 'A node is a host. It may have several workers, or none at the moment.',
  answers: { 200: { description: 'Nodes', schema: z.object({ data: z.array(nodeView) }) } },
  errors: [],
  call: async (_request, { workers }) => {
    const [nodes, living] = await askRedis(() => Promise.all([workers.nodes(), workers.list()]));
    return { status: 200, body: { data: nodes.map(node => viewNode(node, living)) } };
  },
});

const drainNode = defineRoute({
  ...{ method: 'patch', path: '/nodes/:node', operationId: 'drainNode', tag, permission: 'admin' },
  summary: 'Drain a node, or let it take streams again',
  description: 'All its workers are drained, also those that start later, until it is undrained.',
  params: z.object({ node: name }),
  body: drain,
  answers: { 200: { description: 'The node', schema: nodeView } },
  errors: ['node_not_found'],
  call: async ({ params, body, log }, { workers }) => {
    const find = async () => (await workers.nodes()).find(({ node }) => node === params.node);
    const [found, living] = await askRedis(async () => {
      if (!(await find())) throw new AppError('node_not_found', `no worker of a node "${params.node}" was seen`);
      await workers.setDrained(params, body.draining);
      return Promise.all([find(), workers.list()]);
    });
    log.info({ ...params, ...body }, 'node drained or undrained');
    return { status: 200, body: viewNode(found ?? { ...params, ...body, seenAt: undefined }, living) };
  },
});

export const workerRoutes = [listWorkers, drainWorker, listNodes, drainNode];
