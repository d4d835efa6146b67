import type { Redis } from 'ioredis';
import { AppError } from '../../common/errors.ts';
import { Batch } from '../../common/redis/batch.ts';
import { keys } from '../../common/redis/keys.ts';
import { LuaScript } from '../../common/redis/luaScript.ts';

/** Renewed every 10 s by openOnLeasedPort. */
const PORT_LEASE_MS = 30_000;
const QUARANTINE_MS = 60_000;
/** Ports renew at the same moment (openOnLeasedPort), so these few ms bring them all into one script. */
const RENEWALS = { windowMs: 5, most: 200 };

/**
 * Leases of a node's UDP ports, shared by all its workers through Redis, so that two of them rarely try the same port.
 * The bind itself is the final arbiter: a port that does not bind goes into quarantine, and the next is tried.
 */
export class PortLeases {
  readonly #redis: Redis;
  readonly #node: string;
  readonly #range: { first: number; last: number };
  readonly #keys: readonly [string, string];
  readonly #claim = new LuaScript(new URL('./lua/claim-port.lua', import.meta.url));
  readonly #renew = new LuaScript(new URL('./lua/renew-ports.lua', import.meta.url));
  readonly #return = new LuaScript(new URL('./lua/return-port.lua', import.meta.url));

  readonly #renewals = new Batch<{ port: number; holder: string }, number>(items => this.#renewAll(items), RENEWALS);

  constructor(redis: Redis, node: string, range: { first: number; last: number }) {
    this.#redis = redis;
    this.#node = node;
    this.#range = range;
    this.#keys = [keys.ports(node), keys.portHolders(node)];
  }

  /**
   * Leases a port: the preferred one when it is free or this holder's already (a stream that moved to another worker of
   * the node keeps its port), else the one that has been free for longest.
   * @param options.holder `<stream id>.<run>.<token>`; the last part may differ, it is another owner of the run
   * @throws AppError `ports_exhausted`
   */
  async claim(options: { holder: string; preferred?: number }): Promise<number> {
    const { first, last } = this.#range;
    const args = [options.holder, options.preferred ?? 0, first, last, PORT_LEASE_MS];
    const port = Number(await this.#claim.run(this.#redis, this.#keys, args));
    if (port === 0) throw this.exhausted('none is free');
    return port;
  }

  /** Makes a lease last another 30 s, also when it had run out unseen. False: another holder has it by now. */
  async renew(port: number, holder: string): Promise<boolean> {
    return (await this.#renewals.add({ port, holder })) === 1;
  }

  /** Releases a port for others. False: another holder had it by then. */
  async release(port: number, holder: string): Promise<boolean> {
    return this.#giveBack(port, holder, 0);
  }

  /** Releases a port that does not bind: it is not leased for 60 s. */
  async quarantine(port: number, holder: string): Promise<boolean> {
    return this.#giveBack(port, holder, QUARANTINE_MS);
  }

  /** The error that names the range and the next step. */
  exhausted(detail: string, cause?: unknown): AppError {
    const { first, last } = this.#range;
    const ports = `SRT_PORTS ${first}-${last} of node ${this.#node}`;
    const message = `no UDP port left in ${ports}: ${detail}; widen SRT_PORTS, or add a worker on another host`;
    return new AppError('ports_exhausted', message, { cause });
  }

  async #renewAll(items: readonly { port: number; holder: string }[]): Promise<number[]> {
    const args = [PORT_LEASE_MS, ...items.flatMap(({ port, holder }) => [port, holder])];
    return (await this.#renew.run(this.#redis, this.#keys, args)) as number[];
  }

  async #giveBack(port: number, holder: string, quarantineMs: number): Promise<boolean> {
    return (await this.#return.run(this.#redis, this.#keys, [port, holder, quarantineMs])) === 1;
  }
}
