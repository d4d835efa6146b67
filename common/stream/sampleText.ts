import { z } from 'zod';
import { fields } from '../redis/fields.ts';
import type { StreamSample } from './streamSample.ts';

/** The order in which a sample's numbers are stored. New ones go to the end. */
const columns = [
  'time',
  'kbps',
  'rttMs',
  'latencyMs',
  'packets',
  'lost',
  'dropped',
  'retransmitted',
  'belated',
  'undecryptable',
  'bufferMs',
  'linkMbps',
  'fps',
  'speed',
  'behindSeconds',
  'duplicated',
  'droppedFrames',
  'decodeErrors',
  'keySeconds',
  'audioSilentSeconds',
  'jumps',
  'continuityErrors',
  'lagMs',
  'backlog',
  'backlogMs',
  'retries',
  'gaps',
] as const satisfies readonly (keyof StreamSample)[];

const DECIMALS = 100;
const MOST_RENDITIONS = 20;
const list = z.tuple([z.array(z.number()).max(MOST_RENDITIONS)], z.number());

/** A sample as Redis holds it: a JSON list of numbers without names, a fifth of what an object takes. */
export const sampleText = {
  write(sample: StreamSample): string {
    const round = (value: number): number => Math.round(value * DECIMALS) / DECIMALS;
    return JSON.stringify([sample.renditionKbps.map(Math.round), ...columns.map(column => round(sample[column]))]);
  },

  /** Columns that an older version has not written are 0. Throws when it is no sample. */
  read(text: string): StreamSample {
    const [renditionKbps, ...values] = list.parse(fields.json.parse(text));
    const sample = Object.fromEntries(columns.map((column, i) => [column, values[i] ?? 0]));
    return { ...(sample as Omit<StreamSample, 'renditionKbps'>), renditionKbps };
  },
};
