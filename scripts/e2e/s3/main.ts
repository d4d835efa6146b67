import { parseArgs } from 'node:util';
import { startS3Double } from './s3Double.ts';

// The double as a process of its own. When it is ready it prints one line of JSON: {"endpoint", "publicUrl"}.
const text = (fallback: string) => ({ type: 'string', default: fallback }) as const;
const { values } = parseArgs({
  options: {
    port: text(process.env.S3_PORT ?? '0'),
    'access-key': text(process.env.R2_ACCESS_KEY ?? 'test-access-key'),
    'secret-key': text(process.env.R2_SECRET_KEY ?? 'test-secret-key'),
    bucket: text(process.env.BUCKET_NAME ?? 'livetran'),
    'writes-per-second': text('1'),
    'page-size': text('1000'),
  },
});
const double = await startS3Double({
  port: Number(values.port),
  accessKey: values['access-key'],
  secretKey: values['secret-key'],
  bucket: values.bucket,
  writesPerSecond: Number(values['writes-per-second']),
  pageSize: Number(values['page-size']),
});
process.stdout.write(`${JSON.stringify({ endpoint: double.endpoint, publicUrl: double.publicUrl })}\n`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void double.close());
