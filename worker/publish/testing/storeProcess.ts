import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { withHeldFile } from '../../../common/withHeldFile.ts';
import { FolderStore } from '../store/folderStore.ts';
import { StoreError } from '../store/storeError.ts';

// A process of its own beside a test. `count <dir> <times>`: says `ready`, waits for a line, then adds to the counter
// object `n/counter` that often, each time by reading it and replacing that very version; says how often it lost. `hold <lock file>`: says `held` and keeps the lock until it is killed.
const [, , command = '', target = '', times = '0'] = process.argv;
if (command === 'hold') {
  await withHeldFile(target, { waitMs: 1_000 }, async () => {
    process.stdout.write('held\n');
    process.stdin.resume();
    await once(process.stdin, 'end');
  });
}
if (command === 'count') {
  const store = new FolderStore({ dir: target, publicUrl: '' });
  let lost = 0;
  process.stdout.write('ready\n');
  await once(process.stdin, 'data');
  process.stdin.pause();
  for (let done = 0; done < Number(times); ) {
    const found = await store.get('n/counter');
    if (!found) throw new Error('there is no counter');
    const next = String(Number(found.body) + 1);
    try {
      const metadata = { value: next };
      const condition = { ifMatch: found.etag };
      await store.put('n/counter', next, { contentType: 'text/plain', cacheControl: 'no-cache', metadata, condition });
      done += 1;
    } catch (error) {
      if (!(error instanceof StoreError) || error.kind !== 'precondition') throw error;
      lost += 1;
      await sleep(Math.random() * 5);
    }
  }
  process.stdout.write(`${lost}\n`);
}
