import { fileURLToPath } from 'node:url';
import { createLogger } from '../../common/createLogger.ts';
import { headers } from '../../worker/publish/store/headers.ts';
import { S3Store } from '../../worker/publish/store/s3Store.ts';
import { startChild } from '../e2e/harness/childProcess.ts';
import { waitFor } from '../e2e/harness/waitFor.ts';

const PUTS = 400;
const AT_A_TIME = 8;
const keys = { accessKey: 'bench-access-key', secretKey: 'bench-secret-key' };

/** What one PUT costs this process, with the store's client alone; the S3 double is a process of its own. */
export async function putBench(): Promise<void> {
  const main = fileURLToPath(new URL('../e2e/s3/main.ts', import.meta.url));
  const args = [main, '--access-key', keys.accessKey, '--secret-key', keys.secretKey, '--writes-per-second', '0'];
  const double = startChild(process.execPath, args);
  try {
    const { endpoint } = (await waitFor('the S3 double', () => double.log[0])) as { endpoint: string };
    const log = createLogger({ name: 'bench', level: 'warn' });
    const store = new S3Store({ endpoint, region: 'auto', bucket: 'livetran', ...keys, publicUrl: '', log });
    console.log(`\nCPU per PUT, the S3 client alone, ${AT_A_TIME} at a time`);
    await putMany(store, 1_000);
    for (const bytes of [1_000, 100_000, 1_000_000]) {
      const label = `${bytes / 1000} kB`.padEnd(56);
      console.log(`  ${label} ${(await putMany(store, bytes)).toFixed(1)} ms`);
    }
    store.close();
  } finally {
    await double.stop();
  }
}

/** ms of CPU for each. */
async function putMany(store: S3Store, bytes: number): Promise<number> {
  const body = Buffer.alloc(bytes, 'media');
  const before = process.cpuUsage();
  await Promise.all(
    Array.from({ length: AT_A_TIME }, async (_, lane) => {
      for (let i = 0; i < PUTS / AT_A_TIME; i += 1)
        await store.put(`bench/${bytes}-${lane}-${i}`, body, headers.segment);
    }),
  );
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / PUTS;
}
