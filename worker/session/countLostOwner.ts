import type { RestartBudget } from '../claim/restartBudget.ts';

/** An owner that was lost after a longer time than this had no trouble with the stream: it is not counted. */
const GOOD_RUN_MS = 60_000;

/**
 * Spends a restart when the owner before was lost soon after it began; resolves to how many are left.
 * @param lostAfterMs undefined: it was not lost
 */
export async function countLostOwner(
  budget: Pick<RestartBudget, 'spend'>,
  lostAfterMs: number | undefined,
): Promise<number> {
  if (lostAfterMs === undefined || lostAfterMs >= GOOD_RUN_MS) return 0;
  return budget.spend(`its worker was lost ${Math.round(lostAfterMs / 1000)} s after it had taken the stream`);
}
