import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { SrtServer } from './srtServer.ts';
import { freeUdpPort, holdUdpPort } from './testing/freeUdpPort.ts';
import { startEncoder } from './testing/startEncoder.ts';
import { recordingLogger } from './testing/testListener.ts';
import { yieldPort } from './yieldPort.ts';

const { log } = recordingLogger();
let host: SrtServer;

beforeAll(async () => {
  host = await SrtServer.start({ log });
});
afterAll(() => host.stop());

const listen = {
  bind: '127.0.0.1',
  latencyMs: 120,
  admit: () => ({ accept: true }) as const,
  log,
};

/** Opens the port and waits for an encoder to come in. */
async function serve(port: number) {
  const came = Promise.withResolvers<void>();
  const listener = await host.openListener({ ...listen, port, onPublisher: () => came.resolve() });
  const encoder = startEncoder(`srt://127.0.0.1:${port}?streamid=x`);
  await came.promise;
  return { listener, encoder };
}

test.runIf(process.platform === 'linux')(
  'a port that is given away is free at once, its encoder is told, and it works here again when libsrt is done with it',
  async () => {
    const port = await freeUdpPort();
    const first = await serve(port);
    await first.listener.close({ yieldPort: true });
    // libsrt's receiver lets go of it within its 10 ms.
    // biome-ignore lint/plugin: without yieldPort libsrt holds the port for five seconds
    const other = await vi.waitFor(() => holdUdpPort(port), { timeout: 3_000, interval: 10 });
    other.close();
    await first.encoder.exited;
    const open = () => serve(port).catch(error => error.code);
    expect(await open()).toBe('port_unavailable');
    let second = await open();
    while (second === 'port_unavailable') second = await sleep(100).then(open);
    await second.listener.close();
    await second.encoder.exited;
  },
);

test.runIf(process.platform === 'linux')(
  'frees nothing when the close is so long ago that libsrt may be done with it',
  async () => {
    const port = await freeUdpPort();
    const held = await holdUdpPort(port);
    expect(yieldPort(port, performance.now() - 3_000)).toBeUndefined();
    await expect(holdUdpPort(port)).rejects.toThrow(/EADDRINUSE/);
    held.close();
  },
);
