import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { withDeadline } from '../withDeadline.ts';
import { privateAddresses } from './privateAddresses.ts';

const LOOKUP_MS = 500;
/** Node looks names up in four threads, which it needs for files too; a name server that is silent must not take them all. */
const LOOKUPS = 2;

type Lookup = (host: string) => Promise<readonly string[]>;

const system: Lookup = async host => (await lookup(host, { all: true })).map(({ address }) => address);

/**
 * Checks where a webhook's URL leads: the host that it may not go to, or undefined. A name that cannot be looked up within
 * 500 ms passes: each delivery checks the address that it connects to in any case.
 */
export function createTargetCheck(ask: Lookup = system): (url: string) => Promise<string | undefined> {
  let asking = 0;
  const resolve = async (host: string): Promise<readonly string[]> => {
    if (asking >= LOOKUPS) return [];
    asking += 1;
    // It may last longer than the wait for it.
    const answer = ask(host)
      .catch((): string[] => [])
      .finally(() => {
        asking -= 1;
      });
    return withDeadline(answer, LOOKUP_MS, (): string[] => []);
  };
  return async url => {
    const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
    const addresses = isIP(host) === 0 ? await resolve(host) : [host];
    const refused = privateAddresses();
    return addresses.some(address => refused.has(address)) ? host : undefined;
  };
}
