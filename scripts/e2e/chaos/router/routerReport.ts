import { quantile } from '../../../bench/quantile.ts';
import type { RoutedRow } from './routerRounds.ts';

export interface RouterResult {
  name: string;
  rows: readonly RoutedRow[];
}

const ms = (value: number): string => String(Math.round(value)).padStart(6);

/** One line for each fault: how long viewers waited, what they missed or saw twice, whether encoders noticed. */
export function routerReport(results: readonly RouterResult[], faults: readonly string[]): string {
  const head = `${'fault'.padEnd(24)} moves  listed p50    p95    max  connected p95   lost  twice  exact  breaks`;
  const lines = results.map(({ name, rows }) => {
    const of = (pick: (row: RoutedRow) => number, q: number): string =>
      rows.length > 0 ? ms(quantile(rows.map(pick), q)) : '';
    const sum = (pick: (row: RoutedRow) => number): string => String(rows.reduce((all, row) => all + pick(row), 0));
    const exact = rows.filter(row => row.lost + row.repeated + row.discontinuities === 0).length;
    return [
      name.padEnd(24),
      String(rows.length).padStart(5),
      of(row => row.listed, 0.5).padStart(11),
      of(row => row.listed, 0.95),
      of(row => row.listed, 1),
      of(row => row.connected, 0.95).padStart(14),
      sum(row => row.lost).padStart(6),
      sum(row => row.repeated).padStart(6),
      `${exact}/${rows.length}`.padStart(6),
      sum(row => Number(row.broken)).padStart(7),
    ].join(' ');
  });
  const notes = 'ms since the fault; pictures lost and shown twice; exact: none of both, and no discontinuity';
  return [head, ...lines, notes, `wrong: ${faults.length === 0 ? 'nothing' : `\n  ${faults.join('\n  ')}`}`].join('\n');
}
