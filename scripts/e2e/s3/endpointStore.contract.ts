import { pino } from 'pino';
import { inject } from 'vitest';
import { S3Store } from '../../../worker/publish/store/s3Store.ts';
import { storeContract } from './storeContract.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The endpoint that `npm run test:storage` was given. */
    s3: { endpoint: string; region: string; bucket: string; accessKey: string; secretKey: string };
  }
}

const options = inject('s3');

storeContract(options.endpoint, async () => {
  const log = pino({ level: 'warn' });
  const store = new S3Store({ ...options, publicUrl: 'https://public.invalid', log });
  return { store, fencingOptional: true, close: async () => store.close() };
});
