import { setTimeout as sleep } from 'node:timers/promises';
import { alignedInterval } from '../../common/alignedInterval.ts';
import { AppError } from '../../common/errors.ts';
import type { PortLeases } from './portLease.ts';
import type { ListenOptions, SrtListener, SrtServer } from './srtServer.ts';

const TRIES = 10;
const RENEW_MS = 10_000;
const BIND_AGAIN_MS = 100;

/** A listener on a port that is leased for as long as it is open. */
export interface LeasedListener {
  readonly listener: SrtListener;
  readonly port: number;
  /** Closes the listener and gives the port back; `yieldPort`: another process is to have it. May be called twice. */
  close(options?: { yieldPort?: boolean }): Promise<void>;
}

export interface LeasedPortOptions {
  host: Pick<SrtServer, 'openListener'>;
  ports: PortLeases;
  /** `<stream id>.<run>.<token>`: so that an owner that was replaced cannot give back or renew what is its successor's. */
  holder: string;
  /** The port that the stream had before. */
  preferred?: number;
  /** How long the preferred port may take to bind (ms): its last owner's libsrt holds it for some seconds. Default 0. */
  preferredMs?: number;
  listen: Omit<ListenOptions, 'port'>;
  signal: AbortSignal;
  /** How often the lease is renewed (ms). Default 10 s. */
  renewMs?: number;
}

/**
 * Leases a port, opens a listener on it, and keeps the lease renewed. A port that another program holds is
 * quarantined and the next is tried. Whatever goes wrong, nothing stays leased.
 * @throws AppError `ports_exhausted`, `listener_error`, or the signal's reason
 */
export async function openOnLeasedPort(options: LeasedPortOptions): Promise<LeasedListener> {
  const { ports, holder, signal, listen } = options;
  const failures: AppError[] = [];
  let preferred = options.preferred;
  while (failures.length < TRIES) {
    signal.throwIfAborted();
    const port = await ports.claim({ holder, ...(preferred !== undefined && { preferred }) });
    try {
      signal.throwIfAborted();
      const patienceMs = port === preferred ? (options.preferredMs ?? 0) : 0;
      return leased(await openPatiently(port, patienceMs, options), options);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'port_unavailable') {
        await giveBack(ports.release(port, holder), port, options);
        throw error;
      }
      failures.push(error);
      listen.log.warn({ port }, 'a UDP port of the range is held by another program; trying the next');
      await giveBack(ports.quarantine(port, holder), port, options);
      preferred = undefined;
    }
  }
  throw ports.exhausted(`${TRIES} in a row are held by other programs`, new AggregateError(failures));
}

async function openPatiently(port: number, patienceMs: number, options: LeasedPortOptions): Promise<SrtListener> {
  const { host, listen, signal } = options;
  const until = performance.now() + patienceMs;
  for (;;) {
    try {
      return await host.openListener({ ...listen, port });
    } catch (error) {
      const held = error instanceof AppError && error.code === 'port_unavailable';
      if (!held || performance.now() >= until) throw error;
    }
    await sleep(BIND_AGAIN_MS, undefined, { signal });
  }
}

function leased(listener: SrtListener, options: LeasedPortOptions): LeasedListener {
  const { port } = listener;
  let renewing = Promise.resolve();
  const stopRenewing = alignedInterval(options.renewMs ?? RENEW_MS, () => {
    renewing = renew(port, options);
  });
  let closing: Promise<void> | undefined;
  const close = async (how?: { yieldPort?: boolean }): Promise<void> => {
    stopRenewing();
    try {
      await listener.close(how);
    } finally {
      // A renewal under way must not come after the release.
      await renewing;
      await giveBack(options.ports.release(port, options.holder), port, options);
    }
  };
  return {
    listener,
    port,
    close: how => {
      closing ??= close(how);
      return closing;
    },
  };
}

async function renew(port: number, { ports, holder, listen }: LeasedPortOptions): Promise<void> {
  try {
    const ours = await ports.renew(port, holder);
    // The port itself is bound here: the new holder finds that it does not bind, and quarantines it.
    if (!ours) listen.log.warn({ port }, 'another stream leased this UDP port while Redis was away');
  } catch (error) {
    listen.log.debug({ err: error, port }, 'lease of a UDP port not renewed; retry follows');
  }
}

async function giveBack(work: Promise<unknown>, port: number, { listen }: LeasedPortOptions): Promise<void> {
  try {
    await work;
  } catch (error) {
    listen.log.warn({ err: error, port }, 'UDP port not released; its lease expires by itself');
  }
}
