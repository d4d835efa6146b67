/** Long enough for a worker that was stopped to be started again. */
const HOME_FIRST_MS = 10_000;

/**
 * Whether a stream that was handed over a moment ago is to be left to the workers of the node that it was on: only there can
 * it have the port back that its encoder calls, where that calls no router. A pure function.
 * @param record the stream's, as read with its lease
 * @param now Redis's time (ms since 1970), as `handedOver` is
 */
export function isForItsNode(record: Readonly<Record<string, string>>, node: string, now: number): boolean {
  const { handedOver, moved, node: home, srtUrl, routed } = record;
  if (routed === '1' || moved === '1' || handedOver === undefined || srtUrl === undefined || home === node)
    return false;
  return now - Number(handedOver) < HOME_FIRST_MS;
}
