import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRedis } from '../../../common/redis/createRedis.ts';
import { silentLogger } from '../../../common/testing/silentLogger.ts';
import { Spool } from '../spool/spool.ts';
import { FolderStore } from '../store/folderStore.ts';
import { Uploads } from '../uploads/uploads.ts';
import { HookedStore } from './hookedStore.ts';

export interface PublishingRoom {
  readonly dir: string;
  readonly store: HookedStore;
  readonly spool: Spool;
  readonly uploads: Uploads;
  close(): Promise<void>;
}

/** What publishing works with, for one test: a folder as store, a spool, and the node's upload queue over a real Redis. */
export async function publishingRoom(redisUrl: string, attempts: number): Promise<PublishingRoom> {
  const log = silentLogger();
  const dir = await mkdtemp(join(tmpdir(), 'publishing-'));
  const store = new HookedStore(new FolderStore({ dir: join(dir, 'bucket'), publicUrl: 'https://cdn.example' }));
  const spool = new Spool(join(dir, 'spool'), 'node');
  await spool.claim();
  const connection = createRedis(redisUrl, 'queue', log);
  const subscriber = createRedis(redisUrl, 'subscriber', log);
  const uploads = new Uploads({
    ...{ node: 'node', connection, subscriber, store, fences: true, spool, log },
    ...{ attempts, backoffMs: 20, concurrency: 8 },
  });
  uploads.start();
  const close = async (): Promise<void> => {
    await uploads.stop();
    connection.disconnect();
    subscriber.disconnect();
    await rm(dir, { recursive: true, force: true });
  };
  return { dir, store, spool, uploads, close };
}
