import { eachPacket } from '../ts/eachPacket.ts';

/** A generator of numbers from 0 to 1 that gives the same ones for the same seed (Park and Miller). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/** The transport stream without a share of its packets, the same ones for the same seed. */
export function lossy(ts: Buffer, share: number, seed: number): Buffer {
  const next = random(seed);
  return Buffer.concat([...eachPacket(ts)].filter(() => next() >= share));
}
