/** How a worker is doing, as its guard sees it. */
export interface Measures {
  /** Its running encodes: media made per second over the last 10 s, and seconds of media that wait to be encoded. */
  encodes: readonly { speed: number; behindSeconds: number }[];
  /** 99th percentile of the event loop's delay (ms). */
  eventLoopMs: number;
  spool: { usedBytes: number; freeBytes: number; maxBytes: number };
  /** How long the measurement of the spool that is under way has taken (ms); 0: none is. */
  measuringMs: number;
}

/** A live source gives a second of media per second, give or take; a pause of the source is no fault of the encode. */
const REAL_TIME = 0.97;
const BEHIND_SECONDS = 2;
const EVENT_LOOP_MS = 200;
/** A disk that takes longer to list the spool's files does not take new ones in time either. */
const MEASURING_MS = 30_000;
const SPOOL_SHARE = 0.9;
/** Twice what the spool's bounds keep free (spoolBounds.ts), so that no new stream has old segments dropped. */
const FREE_SHARE = 0.1;
const FREE_BYTES = 32 * 1024 ** 2;

/** Why a worker should take no more streams; undefined when it may. A pure function. */
export function judgeCapacity({ encodes, eventLoopMs, spool, measuringMs }: Measures): string | undefined {
  const slow = encodes.filter(({ speed, behindSeconds }) => speed < REAL_TIME && behindSeconds > BEHIND_SECONDS);
  if (slow.length > 0) return `${slow.length} of ${encodes.length} encodes run below real time`;
  if (eventLoopMs > EVENT_LOOP_MS) return `its event loop lags by ${Math.round(eventLoopMs)} ms`;
  if (measuringMs > MEASURING_MS) return `its spool has not answered for ${Math.round(measuringMs / 1000)} s`;
  const { usedBytes, freeBytes, maxBytes } = spool;
  if (usedBytes > SPOOL_SHARE * maxBytes) return 'its spool is nearly full';
  const room = usedBytes + freeBytes;
  if (freeBytes < Math.max(FREE_SHARE * room, Math.min(FREE_BYTES, room / 2))) return 'its disk is nearly full';
  return undefined;
}
