import { readdir, readFile, readlink } from 'node:fs/promises';
import { Redis } from 'ioredis';
import { keys } from '../../../common/redis/keys.ts';
import type { Cluster } from './cluster.ts';
import { waitFor } from './waitFor.ts';

/** Keys that belong to the cluster and not to any stream, and so may stay: BullMQ's bookkeeping, and the outbox. */
const infrastructure = [
  /^bull:[^:]+:(meta|id|events|marker|stalled-check|limiter|metrics.*)$/,
  new RegExp(`^${keys.outbox}$`),
];
/** What is to be deleted later (RETAIN_SECONDS) is remembered as long as that. */
const retained = /^bull:retention:(delayed|[^:]+\.[^:]+)$/;
/** Lists of finished jobs; the jobs in them are removed by age and count (common/redis/queues.ts). */
const history = /^bull:(streams|webhooks|retention|uploads-[^:]+):(completed|failed)$/;
const finishedJob = /^bull:(streams|webhooks|retention|uploads-[^:]+):[^:]+$/;

/**
 * Invariant I7: after its streams ended nothing of them is left, whatever way they ended: no port lease, no spool folder,
 * no FFmpeg process of a worker, no Redis key without an expiry. Waits a little, since STOPPED is reported a moment before
 * the job is closed.
 * @param withinMs longer where a worker was killed: what it had begun to upload is a job of its own for up to 40 s more
 */
export async function assertNothingLeft(cluster: Cluster, withinMs = 20_000): Promise<void> {
  const redis = new Redis(cluster.redis.url);
  try {
    let left: string[] = [];
    const look = async (): Promise<boolean> => {
      left = [
        ...(await leasedPorts(redis)),
        ...(await spoolEntries(cluster.spoolDir)),
        ...(await ffmpegChildren(cluster)),
        ...(await foreverKeys(redis)),
      ];
      return left.length === 0;
    };
    await waitFor('nothing to be left behind', look, withinMs).catch(error => {
      throw new Error(`left behind:\n  ${left.join('\n  ')}`, { cause: error });
    });
  } finally {
    redis.disconnect();
  }
}

async function leasedPorts(redis: Redis): Promise<string[]> {
  const holders = await redis.hgetall(keys.portHolders('test-node'));
  return Object.entries(holders)
    .filter(([port]) => /^\d+$/.test(port))
    .map(([port, holder]) => `port ${port} leased by ${holder}`);
}

async function spoolEntries(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true }).catch(() => []);
  return entries.filter(entry => !entry.startsWith('.')).map(entry => `spool ${entry}`);
}

async function ffmpegChildren(cluster: Cluster): Promise<string[]> {
  const parents = new Set(cluster.workers.map(worker => String(worker.pid)));
  const found: string[] = [];
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    const [, name = '', parent = ''] = /^\d+ \((.*)\) \S (\d+)/.exec(stat) ?? [];
    if (name !== 'ffmpeg') continue;
    // An orphan has another parent by now, and still works in its folder, which may be gone.
    const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => '');
    if (parents.has(parent) || cwd.startsWith(cluster.spoolDir)) found.push(`ffmpeg process ${pid}`);
  }
  return found;
}

async function foreverKeys(redis: Redis): Promise<string[]> {
  const found: string[] = [];
  for (const key of await redis.keys('*')) {
    if ((await redis.ttl(key)) !== -1 || infrastructure.some(rule => rule.test(key)) || history.test(key)) continue;
    if (retained.test(key)) continue;
    if (finishedJob.test(key) && (await isFinished(redis, key))) continue;
    found.push(`Redis key ${key} without expiry`);
  }
  return found;
}

async function isFinished(redis: Redis, job: string): Promise<boolean> {
  return (await redis.type(job)) === 'hash' && (await redis.hexists(job, 'finishedOn')) === 1;
}
