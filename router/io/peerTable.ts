import { ADDRESS_BYTES, decodeAddress } from '../../common/net/socketAddress.ts';
import { linux } from './libc.ts';
import type { Peer } from './packetIo.ts';

/** A peer with its sockaddr, as it came. */
export interface NamedPeer extends Peer {
  readonly name: Buffer;
}

/** Those of a few thousand live callers, and some strangers. */
const MOST = 8_192;
const INET_BYTES = 16;

/** Callers' addresses as text, made once for each: that costs more than all else of a packet. */
export class PeerTable {
  readonly #v4 = new Map<number, NamedPeer>();
  readonly #v6 = new Map<string, NamedPeer>();

  /** @param names has a sockaddr_in or sockaddr_in6 at `at`; it is used again */
  get(names: Buffer, at: number): NamedPeer {
    if (names.readUInt16LE(at) === linux.AF_INET) {
      const key = names.readUInt32BE(at + 4) * 65_536 + names.readUInt16BE(at + 2);
      return this.#v4.get(key) ?? remember(this.#v4, key, names.subarray(at, at + INET_BYTES));
    }
    const key = names.toString('latin1', at, at + ADDRESS_BYTES);
    return this.#v6.get(key) ?? remember(this.#v6, key, names.subarray(at, at + ADDRESS_BYTES));
  }
}

function remember<Key>(known: Map<Key, NamedPeer>, key: Key, name: Buffer): NamedPeer {
  // A flood from made-up addresses: those of live callers are soon there again.
  if (known.size >= MOST) known.clear();
  const text = decodeAddress(name);
  const colon = text.lastIndexOf(':');
  const address = text.slice(0, colon).replace(/^\[|\]$/g, '');
  const peer = { address, port: Number(text.slice(colon + 1)), name: Buffer.from(name) };
  known.set(key, peer);
  return peer;
}
