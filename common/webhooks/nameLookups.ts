import { type LookupAddress, type LookupAllOptions, lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { privateAddresses } from '../../common/webhooks/privateAddresses.ts';
import { ForbiddenTarget } from './forbiddenTarget.ts';

type Resolve = (
  name: string,
  options: LookupAllOptions,
  done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** Of libuv's four threads, which files need too (Node: UV_THREADPOOL_SIZE). */
const AT_A_TIME = 2;

/**
 * Looks up the names of webhook receivers. getaddrinfo(3) holds a thread for as long as a name server is silent; names of
 * hosts that are not known to be prompt therefore get two of them at a time.
 */
export class NameLookups {
  readonly #resolve: Resolve;
  readonly #waiting: (() => void)[] = [];
  #underWay = 0;

  constructor(resolve: Resolve = lookup) {
    this.#resolve = resolve;
  }

  /**
   * A lookup for net.connect. Private addresses are refused where they may not be reached: checked on what is connected
   * to, so a name cannot change its answer after the check.
   * @param options.signal a lookup that has not begun when it aborts never begins
   */
  for(options: { allowPrivate: boolean; prompt: boolean; signal: AbortSignal }): LookupFunction {
    return (name, how, callback) => {
      this.#enter(options, leave => {
        if (options.signal.aborted) {
          leave();
          return callback(options.signal.reason as Error, '');
        }
        this.#resolve(name, { ...how, all: true }, (error, addresses) => {
          leave();
          if (error) return callback(error, '');
          const [first] = addresses;
          const isForbidden = addresses.some(({ address }) => privateAddresses().has(address));
          if (!first || (isForbidden && !options.allowPrivate)) return callback(new ForbiddenTarget(name), '');
          if (how.all) callback(null, addresses);
          else callback(null, first.address, first.family);
        });
      });
    };
  }

  #enter({ prompt }: { prompt: boolean }, begin: (leave: () => void) => void): void {
    if (prompt) {
      begin(() => undefined);
      return;
    }
    const start = (): void => {
      this.#underWay += 1;
      begin(() => {
        this.#underWay -= 1;
        this.#waiting.shift()?.();
      });
    };
    if (this.#underWay < AT_A_TIME) start();
    else this.#waiting.push(start);
  }
}
