import { expect, test } from 'vitest';
import { loadConfig } from '../../../common/config/loadConfig.ts';
import { costSettings } from './costSettings.ts';

test('costs are in units of a transcode, and what is printed can be set', () => {
  const cores = { transcode: 0.39, passthrough: 0.0079, ladder: 1.3, 'ladder-source': 0.75 };
  const settings = costSettings(cores, 8);
  expect(settings).toEqual({
    PROFILE_COSTS: 'transcode=1,passthrough=0.02,ladder=3.33,ladder-source=1.92',
    WORKER_STREAMS: 14,
  });
  const { config } = loadConfig({ ...settings, WORKER_STREAMS: String(settings.WORKER_STREAMS) });
  expect(config.PROFILE_COSTS).toEqual({ transcode: 1, passthrough: 0.02, ladder: 3.33, 'ladder-source': 1.92 });
});

test('a host that is too small for one stream takes one, and nothing is free', () => {
  const cores = { transcode: 3, passthrough: 0.006, ladder: 9, 'ladder-source': 5 };
  expect(costSettings(cores, 2)).toMatchObject({ WORKER_STREAMS: 1 });
  expect(costSettings(cores, 2).PROFILE_COSTS).toContain('passthrough=0.01');
});
