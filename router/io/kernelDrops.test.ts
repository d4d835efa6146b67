import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { KernelDrops } from './kernelDrops.ts';

// Only Linux counts them.
test.runIf(process.platform === 'linux')('counts what the kernel dropped at a port, and at no other one', async () => {
  const [full, idle] = [createSocket({ type: 'udp4', recvBufferSize: 2_048 }), createSocket('udp4')];
  full.bind(0, '127.0.0.1');
  idle.bind(0, '127.0.0.1');
  await Promise.all([once(full, 'listening'), once(idle, 'listening')]);
  try {
    const sender = createSocket('udp4');
    sender.connect(full.address().port, '127.0.0.1');
    await once(sender, 'connect');
    // Sent at once, in this turn of the event loop: nobody reads meanwhile.
    for (let i = 0; i < 1_000; i += 1) sender.send(Buffer.alloc(1_300));
    expect(new KernelDrops(full.address().port).count).toBeGreaterThan(500);
    expect(new KernelDrops(idle.address().port).count).toBe(0);
    await new Promise<void>(done => sender.close(done));
  } finally {
    full.close();
    idle.close();
  }
});
