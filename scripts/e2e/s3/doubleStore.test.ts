import { pino } from 'pino';
import { S3Store } from '../../../worker/publish/store/s3Store.ts';
import { startS3Double } from './s3Double.ts';
import { storeContract } from './storeContract.ts';

const keys = { accessKey: 'AKIATEST', secretKey: 'secret', bucket: 'live' };

storeContract('S3Store before the double', async () => {
  // Pages of four keys: a listing that reads one page only cannot pass.
  const double = await startS3Double({ ...keys, pageSize: 4 });
  const log = pino({ level: 'silent' });
  const store = new S3Store({ ...keys, ...double, region: 'auto', log });
  return {
    store,
    async close() {
      store.close();
      await double.close();
    },
  };
});
