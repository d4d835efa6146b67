import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { signedMark } from '../../common/stream/signedMark.ts';
import { markSigned } from './markSigned.ts';
import { FolderStore } from './store/folderStore.ts';
import type { ObjectStore } from './store/objectStore.ts';

let dir: string;
let store: ObjectStore;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'livetran-signed-'));
  store = new FolderStore({ dir, publicUrl: 'http://x' });
});
afterAll(async () => {
  store.close();
  await rm(dir, { recursive: true });
});

const { signal } = new AbortController();
const isMarked = async () => (await store.head(signedMark('show'))) !== undefined;

test('a stream is marked as its last run is, unless that has another owner by now', async () => {
  const isOwner = () => true;
  await markSigned(store, 'show', false, { isOwner, signal });
  expect(await isMarked()).toBe(false);
  for (let run = 0; run < 2; run += 1) {
    await markSigned(store, 'show', true, { isOwner, signal });
    expect(await isMarked()).toBe(true);
  }
  await markSigned(store, 'show', false, { isOwner: () => false, signal });
  expect(await isMarked()).toBe(true);
  await markSigned(store, 'show', false, { isOwner, signal });
  expect(await isMarked()).toBe(false);
});
