import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { ParsedFamily } from '../../common/testing/parseExposition.ts';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
import { everyMetric } from './everyMetric.ts';
import { promQl } from './promQl.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (file: string): string => readFileSync(`${root}${file}`, 'utf8');

interface Rule {
  alert: string;
  expr: string;
  for?: string;
  labels: { severity: string };
  annotations: { summary: string; runbook_url: string };
}
interface Panel {
  title: string;
  type: string;
  targets?: { expr: string; legendFormat: string }[];
}

const [group] = (parse(read('deploy/prometheus/rules.yml')) as { groups: { name: string; rules: Rule[] }[] }).groups;
const rules = group?.rules ?? [];
const { panels } = JSON.parse(read('deploy/grafana/dashboards/livetran.json')) as { panels: Panel[] };
/** What KEDA scales workers on. */
const scaled = parse(read('deploy/kubernetes/keda.yaml')) as {
  spec: { triggers: { metadata: { query: string } }[] };
};
const queries = [
  ...scaled.spec.triggers.map(({ metadata: { query } }) => ({ where: 'keda.yaml', expr: query, text: '' })),
  ...rules.map(({ alert, expr, annotations: { summary } }) => ({ where: alert, expr, text: summary })),
  ...panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr, legendFormat }) => ({ where: title, expr, text: legendFormat })),
  ),
].map(query => ({ ...query, expr: query.expr.replaceAll('$__rate_interval', '5m') }));

/** Added by Prometheus at each scrape. */
const OF_PROMETHEUS = new Map([['up', ['job', 'instance']]]);

let server: TestRedis;
let families: Map<string, ParsedFamily>;
beforeAll(async () => {
  server = await startRedis();
  families = await everyMetric(server.url);
});
afterAll(() => server?.stop());

/** Values by label of a metric, as /metrics has it; undefined: there is no such metric. */
function labelsOf(metric: string): Map<string, Set<string>> | undefined {
  const own = OF_PROMETHEUS.get(metric);
  if (own) return new Map(own.map(label => [label, new Set(['livetran'])]));
  const family = families.get(metric) ?? families.get(metric.replace(/_(bucket|sum|count)$/, ''));
  const samples = family?.samples.filter(({ name }) => name === metric) ?? [];
  if (samples.length === 0) return undefined;
  const labels = new Map<string, Set<string>>();
  for (const { labels: own } of samples)
    for (const [label, value] of Object.entries(own)) labels.set(label, (labels.get(label) ?? new Set()).add(value));
  return labels;
}

test('there are alerts and panels', () => {
  expect(rules.length).toBeGreaterThan(15);
  expect(panels.filter(({ type }) => type !== 'row').length).toBeGreaterThan(20);
  expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
});

describe.each(queries)('$where: $expr', ({ expr, text }) => {
  test('reads metrics and labels that /metrics has', () => {
    const { selectors, grouping } = promQl(expr);
    expect(selectors.length).toBeGreaterThan(0);
    const known = new Set<string>();
    for (const { metric, matchers } of selectors) {
      const labels = labelsOf(metric);
      expect(labels, `${metric} is not in /metrics`).toBeDefined();
      for (const label of labels?.keys() ?? []) known.add(label);
      for (const { label, operator, value } of matchers) {
        const values = [...(labels?.get(label) ?? [])];
        expect(values.length, `${metric} has no label ${label}`).toBeGreaterThan(0);
        // The other operators leave out what may well not be there.
        if (operator === '=') expect(values).toContain(value);
        if (operator === '=~' && label === 'fault') expect(values).toEqual(expect.arrayContaining(value.split('|')));
      }
    }
    expect(grouping.filter(label => !known.has(label))).toEqual([]);
    const aggregated = /\b(sum|min|max|histogram_quantile)\b/.test(expr);
    const shown = [...text.matchAll(/\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}/g)].map(([, label = '']) => label);
    expect(shown.filter(label => !(aggregated ? grouping : [...known]).includes(label))).toEqual([]);
  });
});

describe('docs/operations.md', () => {
  const page = read('docs/operations.md');
  /** As GitHub makes them of headings. */
  const anchors = new Map(
    [...page.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => [
      heading
        .toLowerCase()
        .replace(/[^\w\- ]/g, '')
        .replaceAll(' ', '-'),
      heading,
    ]),
  );

  test.each(rules)('has a section for $alert', ({ alert, annotations: { runbook_url: runbook } }) => {
    const [, anchor = ''] = /^docs\/operations\.md#([\w-]+)$/.exec(runbook) ?? [];
    expect([...anchors.keys()]).toContain(anchor);
    const [, section = ''] = page.split(`### ${anchors.get(anchor)}\n`);
    expect(section.slice(0, section.indexOf('\n### '))).toContain(alert);
  });

  test('names all metrics, and no other', () => {
    const start = page.indexOf('### Metrics\n');
    const section = page.slice(start, page.indexOf('\n## ', start));
    const named = new Set(section.match(/\b(livetran|streams|http|process)_[a-z_]+/g));
    const real = [...families.keys()].filter(name => name !== 'target_info');
    expect(real.filter(name => !named.has(name))).toEqual([]);
    expect([...named].filter(name => !families.has(name))).toEqual([]);
  });
});

test('the dashboard is provisioned where compose puts it', () => {
  const compose = read('docker-compose.yml');
  const { providers } = parse(read('deploy/grafana/provisioning/dashboards/livetran.yml')) as {
    providers: { options: { path: string } }[];
  };
  expect(compose).toContain(`./deploy/grafana/dashboards:${providers[0]?.options.path}:ro`);
  const { rule_files: files } = parse(read('deploy/prometheus/prometheus.yml')) as { rule_files: string[] };
  expect(files).toEqual(['/etc/prometheus/rules.yml']);
  expect(compose).toContain('./deploy/prometheus:/etc/prometheus:ro');
});
