import { expect, test } from 'vitest';
import { latencySettings } from './latencySettings.js';

test('a viewer who has rewound is not taken back to the live edge', () => {
  for (const latency of ['standard', 'reduced']) {
    const settings = latencySettings({ latency });
    expect(settings.liveMaxLatencyDurationCount).toBeLessThan(10);
    expect(latencySettings({ latency, dvr: true })).toEqual({
      ...settings,
      liveMaxLatencyDurationCount: Number.POSITIVE_INFINITY,
    });
  }
});

test('low latency leaves the distance from live to the playlist', () => {
  const settings = latencySettings({ latency: 'low', dvr: true });
  expect(Object.keys(settings).filter(name => name.startsWith('live'))).toEqual([]);
  expect(settings.lowLatencyMode).toBe(true);
});

test('a latency of a later version is played as the standard one', () => {
  expect(latencySettings({ latency: 'of the future' })).toEqual(latencySettings({}));
});
