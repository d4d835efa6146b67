import { emptyResource } from '@opentelemetry/resources';
import type { CollectionResult, MetricProducer } from '@opentelemetry/sdk-metrics';
import type { Redis } from 'ioredis';
import { readSnapshots } from '../../common/metrics/readSnapshots.ts';
import { snapshotMetrics } from '../../common/metrics/snapshotMetrics.ts';
import type { EntryParser } from '../../common/redis/entryParser.ts';
import { RouterRegistry } from '../../common/routers/routerRegistry.ts';
import { WorkerRegistry } from '../../common/workers/workerRegistry.ts';

interface Source {
  id: string;
  labels: Record<string, string>;
}

/** The metrics of all living workers (labels `worker` and `node`) and routers (label `router`). None while Redis is away. */
export class ClusterMetrics implements MetricProducer {
  readonly #redis: Redis;
  readonly #entries: EntryParser;
  readonly #workers: WorkerRegistry;
  readonly #routers: RouterRegistry;

  /** @param redis role `request` */
  constructor(redis: Redis, entries: EntryParser) {
    this.#redis = redis;
    this.#entries = entries;
    this.#workers = new WorkerRegistry(redis, entries);
    this.#routers = new RouterRegistry(redis, entries);
  }

  async collect(): Promise<CollectionResult> {
    const metrics = await this.#metrics().catch(() => []);
    return {
      resourceMetrics: { resource: emptyResource(), scopeMetrics: [{ scope: { name: '' }, metrics }] },
      errors: [],
    };
  }

  async #metrics() {
    const [workers, routers] = await Promise.all([this.#workers.list(), this.#routers.list()]);
    const sources: Source[] = [
      ...workers.map(({ id, node }) => ({ id, labels: { worker: id, node } })),
      ...routers.map(({ id }) => ({ id, labels: { router: id } })),
    ];
    const snapshots = await readSnapshots(
      this.#redis,
      sources.map(({ id }) => id),
      this.#entries,
    );
    return sources.flatMap(({ labels }, i) => snapshotMetrics(snapshots[i] ?? [], labels));
  }
}
