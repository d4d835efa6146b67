import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/** Whether a TCP port can be listened on now. */
export async function isPortFree(port: number, host: string): Promise<boolean> {
  return (await tryListen(port, host)) !== undefined;
}

/** A TCP port that is free now: the preferred one if it is, else any. */
export async function freePort(host: string, preferred = 0): Promise<number> {
  const port = (await tryListen(preferred, host)) ?? (await tryListen(0, host));
  if (port === undefined) throw new Error(`no port of ${host} can be listened on`);
  return port;
}

async function tryListen(port: number, host: string): Promise<number | undefined> {
  const server = createServer().listen(port, host);
  try {
    await once(server, 'listening');
  } catch {
    // Whatever is in the way (in use, not allowed, no such address): it cannot be listened on.
    return undefined;
  }
  const { port: taken } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return taken;
}
