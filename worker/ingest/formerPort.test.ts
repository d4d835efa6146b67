import { expect, test } from 'vitest';
import { formerPort } from './formerPort.ts';

const isFrozen = async (mark: string): Promise<boolean> => mark === 'frozen';
const waits = { preferred: 20_007, preferredMs: 12_000 };

test.each<[string, Record<string, string>, { preferred: number; preferredMs: number } | undefined]>([
  ['a first owner has none', {}, undefined],
  ['another node has its own ports', { node: 'n2', port: '20007' }, undefined],
  ['after a hand-over', { node: 'n1', port: '20007' }, waits],
  ['a living owner gives it up soon', { node: 'n1', port: '20007', formerOwner: 'alive/3f' }, waits],
  ['only routers call it', { node: 'n1', port: '20007', routed: '1' }, { ...waits, preferredMs: 0 }],
  ['a frozen one does not', { node: 'n1', port: '20007', formerOwner: 'frozen/3f' }, { ...waits, preferredMs: 0 }],
])('%s', async (_name, record, expected) => {
  expect(await formerPort(field => record[field], 'n1', isFrozen)).toEqual(expected);
});
