import { request } from './lib/request.ts';

// For container health checks: exits 0 when the API of this container answers GET /healthz.

const plain = ['off', 'false', '0', 'no'].includes(process.env.TLS?.toLowerCase() ?? '');
const url = `${plain ? 'http' : 'https'}://127.0.0.1:${process.env.API_PORT || 8080}/healthz`;
try {
  const { status } = await request(url);
  process.exitCode = status === 200 ? 0 : 1;
} catch {
  process.exitCode = 1;
}
