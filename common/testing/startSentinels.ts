import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { startRedis, type TestRedis } from './startRedis.ts';

export interface TestSentinels {
  /** For REDIS_URL. */
  url: string;
  /** As it is now, past the Sentinels. */
  readonly primary: TestRedis;
  /** Kills the primary and resolves when the Sentinels have made the replica the primary; the dead one comes back as replica. */
  failOver(): Promise<void>;
  stop(): Promise<void>;
}

const NAME = 'test-primary';
/** Longer than the 30 s for which a Sentinel does nothing after its clock stood still (TILT), as on a busy machine. */
const DEADLINE_MS = 60_000;

/** A primary, a replica and three Sentinels, each a real redis-server, that notice a dead primary after a second. For tests. */
export async function startSentinels(): Promise<TestSentinels> {
  const dir = await mkdtemp(join(tmpdir(), 'livetran-sentinel-'));
  // A replica saves what it gets from the primary: in a folder of this test, not where the next server would load it.
  const inDir = ['--dir', dir];
  let primary = await startRedis(undefined, undefined, { args: inDir });
  let replica = await startReplica(primary.port, inDir);
  const sentinels: TestRedis[] = [];
  for (let i = 0; i < 3; i += 1) {
    const file = join(dir, `sentinel-${i}.conf`);
    await writeFile(
      file,
      [
        `sentinel monitor ${NAME} 127.0.0.1 ${primary.port} 2`,
        `sentinel down-after-milliseconds ${NAME} 1000`,
        `sentinel failover-timeout ${NAME} 3000`,
        '',
      ].join('\n'),
    );
    sentinels.push(await startRedis(undefined, undefined, { sentinelFile: file }));
  }
  const [first] = sentinels as [TestRedis];
  await settled(first, primary.port);
  return {
    url: `redis+sentinel://${sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',')}/${NAME}`,
    get primary() {
      return primary;
    },
    failOver: async () => {
      const dead = primary;
      await dead.stop();
      await until(`${replica.port} to be the primary`, async () => (await primaryPort(first)) === replica.port);
      primary = replica;
      replica = await startReplica(primary.port, inDir, dead.port);
      await settled(first, primary.port);
    },
    stop: async () => {
      await Promise.all([...sentinels, primary, replica].map(server => server.stop()));
      await rm(dir, { recursive: true, force: true });
    },
  };
}

const startReplica = (of: number, args: readonly string[], port?: number): Promise<TestRedis> =>
  startRedis(port, undefined, { args: [...args, '--replicaof', '127.0.0.1', String(of)] });

async function ask<Answer>(server: TestRedis, question: (redis: Redis) => Promise<Answer>): Promise<Answer> {
  const redis = new Redis(server.url, { enableReadyCheck: false });
  redis.on('error', () => undefined);
  try {
    return await question(redis);
  } finally {
    redis.disconnect();
  }
}

const primaryPort = (sentinel: TestRedis): Promise<number> =>
  ask(sentinel, async redis =>
    Number(((await redis.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', NAME)) as string[])[1]),
  );

/** The replica follows the primary, and the Sentinels know it and each other: they could fail over now. */
async function settled(sentinel: TestRedis, port: number): Promise<void> {
  await until('a Sentinel that could fail over', async () => {
    const fields = (await ask(sentinel, redis => redis.call('SENTINEL', 'MASTER', NAME))) as string[];
    const value = (name: string): string => fields[fields.indexOf(name) + 1] ?? '';
    const replicas = (await ask(sentinel, redis => redis.call('SENTINEL', 'REPLICAS', NAME))) as string[][];
    const follows = replicas.some(each => each[each.indexOf('master-link-status') + 1] === 'ok');
    return (
      value('port') === String(port) && value('flags') === 'master' && value('num-other-sentinels') === '2' && follows
    );
  });
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + DEADLINE_MS; !(await holds().catch(() => false)); ) {
    if (performance.now() > end) throw new Error(`${what} did not come within ${DEADLINE_MS / 1_000} s`);
    await new Promise(resolve => setTimeout(resolve, 100));
  }
}
