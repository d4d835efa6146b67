import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FolderStore } from '../../../worker/publish/store/folderStore.ts';
import { storeContract } from './storeContract.ts';

storeContract('FolderStore', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'livetran-contract-'));
  const store = new FolderStore({ dir, publicUrl: 'https://localhost/video' });
  return {
    store,
    async close() {
      store.close();
      await rm(dir, { recursive: true });
    },
  };
});
