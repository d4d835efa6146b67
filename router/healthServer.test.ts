import { expect, test } from 'vitest';
import { HealthServer } from './healthServer.ts';
import { freeTcpPort } from './testing/freeTcpPort.ts';

test('answers GET /healthz until it is stopped; nothing else is there', async () => {
  const port = await freeTcpPort();
  const server = await HealthServer.open({ bind: '127.0.0.1', port });
  const statusOf = async (path: string): Promise<number> => (await fetch(`http://127.0.0.1:${port}${path}`)).status;
  try {
    expect(await statusOf('/healthz')).toBe(200);
    expect(await statusOf('/metrics')).toBe(404);
    const second = HealthServer.open({ bind: '127.0.0.1', port });
    await expect(second).rejects.toThrow(
      /TCP port \d+ on 127.0.0.1 could not be bound \(EADDRINUSE\).*ROUTER_HEALTH_PORT/,
    );
  } finally {
    await server.stop();
  }
  await server.stop();
  await expect(statusOf('/healthz')).rejects.toThrow();
});
