import { expect, test } from 'vitest';
import { createTargetCheck } from './createTargetCheck.ts';

const names: Record<string, string[]> = {
  'public.example': ['1.1.1.1', '2606:4700::1111'],
  'inside.example': ['10.0.0.7'],
  'both.example': ['1.1.1.1', '169.254.169.254'],
};
const check = createTargetCheck(async host => {
  const addresses = names[host];
  if (!addresses) throw new Error('ENOTFOUND');
  return addresses;
});

test.each([
  ['http://127.0.0.1:3000/x', '127.0.0.1'],
  ['http://2130706433/', '127.0.0.1'], // 127.0.0.1 as one number
  ['http://[::1]/', '::1'],
  ['http://[::ffff:10.0.0.1]/', '::ffff:a00:1'],
  ['https://inside.example/', 'inside.example'],
  ['https://both.example/', 'both.example'],
  ['https://public.example/hooks', undefined],
  ['https://1.1.1.1/', undefined],
  // Checked again when it is connected to.
  ['https://unknown.example/', undefined],
])('%s → %s', async (url, refused) => {
  expect(await check(url)).toBe(refused);
});

test('a name server that does not answer delays a start by half a second and is asked for two names at a time', async () => {
  let asked = 0;
  const silent = createTargetCheck(() => {
    asked += 1;
    return new Promise(() => undefined);
  });
  const begun = performance.now();
  const all = Array.from({ length: 50 }, (_, i) => silent(`https://${i}.example/`));
  expect(new Set(await Promise.all(all))).toEqual(new Set([undefined]));
  expect(performance.now() - begun).toBeLessThan(5_000);
  expect(asked).toBe(2);
});

test("this host's own name is this host", async () => {
  expect(await createTargetCheck()('http://localhost:9/')).toBe('localhost');
});
