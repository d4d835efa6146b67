import { afterAll, beforeAll, expect, test } from 'vitest';
import { tinySource, tinyStreams } from '../harness/tinyStreams.ts';
import { waitFor } from '../harness/waitFor.ts';
import { HealthStage } from './healthStage.ts';

const NAMED_MS = 5_000;

let stage: HealthStage;

// Short; `npm run health` is the long one, with all faults.
beforeAll(async () => {
  stage = await HealthStage.start(tinyStreams);
});
afterAll(() => stage?.stop());

test('40 % loss is named within 5 s as a fault of the network, and the stream recovers', async () => {
  const stream = await stage.goLive('lossy', { profile: 'transcode' }, tinySource);
  expect(stage.events('lossy', 'ingest_degraded')).toEqual([]);
  const at = performance.now();
  stream.lose(0.4);
  const named = await stage.named('lossy', /packets_(dropped|lost)/, at);
  stream.lose(0);
  expect(named).toBeLessThan(NAMED_MS);
  await waitFor('recovery', () => stage.events('lossy', 'ingest_recovered').length > 0, 40_000);
  for (const { Update } of stage.events('lossy', 'ingest_degraded'))
    expect(Update.match(/Fault: \w+/g)).not.toContainEqual(expect.not.stringMatching(/^Fault: network$/));
});
