import type { StorageConfig } from '../../../common/config/storage.ts';
import type { Logger } from '../../../common/createLogger.ts';
import { FolderStore } from './folderStore.ts';
import type { ObjectStore } from './objectStore.ts';
import { S3Store } from './s3Store.ts';

/** The store that the configuration asks for. Nothing is sent yet; a folder is swept of what killed processes left. */
export function createStore(config: StorageConfig, log: Logger): ObjectStore {
  if (config.kind === 's3') return new S3Store({ ...config, log });
  const store = new FolderStore(config);
  void store.sweep(log);
  return store;
}
