import { describe, expect, test } from 'vitest';
import { sampleOf } from '../testing/streamSamples.ts';
import { sampleText } from './sampleText.ts';

const sample = sampleOf(1_795_000_000_123, { kbps: 2_345.678, lagMs: -1, renditionKbps: [5_000, 3_000] });

describe('sampleText', () => {
  test('reads what it wrote, with two decimals', () => {
    expect(sampleText.read(sampleText.write(sample))).toEqual({ ...sample, kbps: 2_345.68 });
  });

  test('is short: 15 minutes of a stream take less than 200 kB', () => {
    expect(sampleText.write(sample).length * 900).toBeLessThan(200_000);
  });

  test('columns that an older version did not write are 0, and those of a newer one are passed over', () => {
    const text = sampleText.write(sample);
    expect(sampleText.read(`${text.slice(0, text.lastIndexOf(','))}]`)).toMatchObject({ kbps: 2_345.68, gaps: 0 });
    expect(sampleText.read(`${text.slice(0, -1)},7,8]`)).toEqual({ ...sample, kbps: 2_345.68 });
  });

  test.each(['', 'x', '{}', '[]', '[1]', '[[1],"2"]', '[["x"],1]', `[[${'1,'.repeat(30)}1]]`])('%s is none', text => {
    expect(() => sampleText.read(text)).toThrow();
  });
});
