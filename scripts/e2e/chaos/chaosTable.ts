import { quantile } from '../../bench/quantile.ts';
import type { FailOver } from './killRound.ts';
import type { ScenarioResult } from './scenarios.ts';
import type { TakeOver } from './vanishRound.ts';

const seconds = (ms: number): string => (ms / 1_000).toFixed(1).padStart(6);

/** What happened in each scenario, one line each, and what was wrong. */
export function resultTable(results: readonly ScenarioResult<unknown>[]): string {
  const lines = results.map(({ name, rounds, rows, playlistWriters, faults }) =>
    [
      name.padEnd(40),
      String(rounds).padStart(6),
      String(rows.length).padStart(10),
      String(playlistWriters).padStart(7),
      String(faults.length).padStart(7),
    ].join(' '),
  );
  const head = `${'scenario'.padEnd(40)} rounds take-overs writers  faults`;
  const faults = results.flatMap(({ name, faults }) => faults.map(fault => `${name}: ${fault}`));
  return [head, ...lines, ...faults].join('\n');
}

/** Seconds from the kill, each part counted from it. */
export function failOverTable(name: string, rows: readonly FailOver[]): string {
  const parts: [string, (row: FailOver) => number][] = [
    ['worker noticed dead', row => row.noticed],
    ['lease taken', row => row.claimed],
    ['listener open', row => row.listening],
    ['encoder notices (SRT: 5 s of silence)', row => row.encoderLost],
    ['encoder back (it retries after 1 s)', row => row.encoderBack],
    ['first new segment listed', row => row.listed],
  ];
  return [
    `${name} to … (s, ${rows.length} take-overs, 2 s segments, ${rows.filter(row => row.samePort).length} on the same port)`,
    ...partLines(rows, parts),
  ].join('\n');
}

/** Seconds since the worker was frozen or cut off. */
export function takeOverTable(name: string, rows: readonly TakeOver[]): string {
  const parts: [string, (row: TakeOver) => number][] = [
    ['lease taken', row => row.claimed],
    ['listener open', row => row.listening],
    ['first new segment listed', row => row.listed],
  ];
  return [
    `${name} to … (s, ${rows.length} take-overs, ${rows.filter(row => row.samePort).length} on the same port)`,
    ...partLines(rows, parts),
  ].join('\n');
}

function partLines<Row>(rows: readonly Row[], parts: readonly [string, (row: Row) => number][]): string[] {
  return [
    `  ${''.padEnd(40)}    p50    p95    max`,
    ...parts.flatMap(([name, part]) => {
      const values = rows.map(part).filter(value => !Number.isNaN(value));
      if (values.length === 0) return [];
      return `  ${name.padEnd(40)} ${[0.5, 0.95, 1].map(q => seconds(quantile(values, q))).join(' ')}`;
    }),
  ];
}
