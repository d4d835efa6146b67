export interface ParsedSample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

export interface ParsedFamily {
  name: string;
  type: string;
  help: string;
  samples: ParsedSample[];
}

const sampleLine = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y;
const suffixes: Record<string, readonly string[]> = { histogram: ['_bucket', '_sum', '_count'] };

/**
 * Reads Prometheus's text format 0.0.4, and throws at the first line that breaks a rule of it, or of its naming conventions: a family is in
 * one piece with HELP and TYPE before it, no series comes twice, a counter ends with `_total`, a histogram's buckets grow and end with +Inf.
 */
export function parseExposition(text: string): Map<string, ParsedFamily> {
  if (!text.endsWith('\n')) throw new Error('the last line must end with a newline');
  const families = new Map<string, ParsedFamily>();
  let current: ParsedFamily | undefined;
  for (const line of text.split('\n')) {
    if (line === '' || (line.startsWith('#') && !/^# (HELP|TYPE) /.test(line))) continue;
    const [, keyword, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (keyword === 'HELP') {
      if (families.has(name)) throw new Error(`the family comes twice: ${line}`);
      current = { name, type: '', help: rest, samples: [] };
      families.set(name, current);
    } else if (keyword === 'TYPE') {
      if (current?.name !== name || current.type !== '') throw new Error(`TYPE must follow HELP: ${line}`);
      if (!/^(counter|gauge|histogram)$/.test(rest)) throw new Error(`unknown type: ${line}`);
      current.type = rest;
    } else addSample(line, current);
  }
  for (const family of families.values()) checkFamily(family);
  return families;
}

function addSample(line: string, family: ParsedFamily | undefined): void {
  const [, name = '', labels = '', value = ''] = sampleLine.exec(line) ?? [];
  const of = (suffixes[family?.type ?? ''] ?? ['']).map(suffix => `${family?.name}${suffix}`);
  if (!family || !of.includes(name)) throw new Error(`a sample outside its family: ${line}`);
  if (!/^([+-]?(\d+(\.\d+)?([eE][+-]?\d+)?|Inf)|NaN)$/.test(value)) throw new Error(`no number: ${line}`);
  family.samples.push({ name, labels: readLabels(labels, line), value: Number(value.replace('Inf', 'Infinity')) });
}

function readLabels(text: string, line: string): Record<string, string> {
  const labels: Record<string, string> = {};
  label.lastIndex = 0;
  while (label.lastIndex < text.length) {
    const [, name, value = ''] = label.exec(text) ?? [];
    if (name === undefined || name in labels) throw new Error(`labels cannot be read: ${line}`);
    labels[name] = value.replace(/\\(.)/g, (_all, char) => (char === 'n' ? '\n' : char));
  }
  return labels;
}

function checkFamily({ name, type, help, samples }: ParsedFamily): void {
  if (type === '' || help === '') throw new Error(`${name} has no TYPE or no HELP`);
  if ((type === 'counter') !== name.endsWith('_total'))
    throw new Error(`${name} is a ${type}: only counters end with _total`);
  if (/_(ms|millis|milliseconds|minutes|kb|mb|kbps)(_|$)/.test(name)) throw new Error(`${name} is not in a base unit`);
  const series = samples.map(sample => seriesOf(sample));
  if (new Set(series).size !== series.length) throw new Error(`${name} has a series twice`);
  if (type === 'histogram') checkHistogram(name, samples);
}

const seriesOf = ({ name, labels }: ParsedSample): string =>
  `${name}${JSON.stringify(Object.entries(labels).toSorted())}`;

function checkHistogram(name: string, samples: readonly ParsedSample[]): void {
  const groups = Map.groupBy(samples, ({ labels: { le: _le, ...others } }) =>
    JSON.stringify(Object.entries(others).toSorted()),
  );
  for (const [labels, group] of groups) {
    const buckets = group.filter(sample => sample.name === `${name}_bucket`);
    const counts = buckets.map(({ value }) => value);
    const bounds = buckets.map(({ labels: { le } }) => (le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le)));
    const grows = (values: readonly number[]) => values.every((value, i) => i === 0 || value >= (values[i - 1] ?? 0));
    const count = group.find(sample => sample.name === `${name}_count`)?.value;
    const isWhole = bounds.at(-1) === Number.POSITIVE_INFINITY && counts.at(-1) === count;
    if (!grows(bounds) || !grows(counts) || !isWhole || !group.some(sample => sample.name === `${name}_sum`))
      throw new Error(`the histogram ${name}${labels} is not whole`);
  }
}
