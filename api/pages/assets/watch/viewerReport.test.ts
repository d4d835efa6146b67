import { expect, test } from 'vitest';
import { ViewerReport } from './viewerReport.js';

test('each report has what came since the last one, and the join once', () => {
  const report = new ViewerReport(0.5);
  const viewer = 2 ** 31;
  expect(report.next({ stalls: 0, errors: 0 })).toEqual({ viewer, stalls: 0, errors: 0 });
  report.joined(812.4);
  report.joined(9_999);
  expect(report.next({ stalls: 3, errors: 1 })).toEqual({ viewer, stalls: 3, errors: 1, join_ms: 812 });
  expect(report.next({ stalls: 4, errors: 1 })).toEqual({ viewer, stalls: 1, errors: 0 });
});

test('a join that took minutes is not reported: the device slept', () => {
  const report = new ViewerReport(0);
  report.joined(130_000);
  expect(report.next({ stalls: 0, errors: 0 })).not.toHaveProperty('join_ms');
});

test('a viewer is in a share by chance, and in every larger one', () => {
  expect([1, 0.5, 0.25].map(share => new ViewerReport(0.3).isIn(share))).toEqual([true, true, false]);
  expect(new ViewerReport(0.999_999).isIn(1)).toBe(true);
});
