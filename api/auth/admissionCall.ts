/** The window of every limit: a minute. */
export const WINDOW_SECONDS = 60;
/** Beside the 300 s on both sides of its time that a signature is good for: clocks of API hosts and of Redis differ. */
const KEPT_MS = 60_000;

/** An address or a key, and how many requests a minute it may make. */
export interface Subject {
  /** `address:<address>` or `key:<id>`. */
  subject: string;
  quota: number;
}

/** What the script decides on. */
export interface Request {
  /** Absent: addresses have no limit. */
  address?: Subject | undefined;
  key?: Subject | undefined;
  /** Above 1: a refused signature, which counts as so many requests and is never refused itself. */
  cost?: number;
  /** A signature that may be used once. */
  once?: {
    /** The second (Unix time) that it names. */
    second: number;
    /** How long it will be good (ms). */
    goodForMs: number;
    digest: string;
  };
}

/** The arguments of admit.lua for a batch: each subject and each second once, requests by their numbers. */
export function admissionCall(requests: readonly Request[]): {
  subjects: Map<string, number>;
  seconds: number[];
  args: (string | number)[];
} {
  const subjects = new Map<string, number>();
  const subjectNumbers = new Map<string, number>();
  const seconds = new Map<number, { number: number; keptMs: number }>();
  const numberOf = (of: Subject | undefined): number => {
    if (!of) return 0;
    const known = subjectNumbers.get(of.subject);
    if (known !== undefined) return known;
    subjects.set(of.subject, of.quota);
    subjectNumbers.set(of.subject, subjects.size);
    return subjects.size;
  };
  const secondOf = (once: Request['once']): number => {
    if (!once) return 0;
    const keptMs = Math.ceil(once.goodForMs) + KEPT_MS;
    const known = seconds.get(once.second);
    if (known) {
      known.keptMs = Math.max(known.keptMs, keptMs);
      return known.number;
    }
    seconds.set(once.second, { number: seconds.size + 1, keptMs });
    return seconds.size;
  };
  const each = requests.flatMap(({ address, key, cost = 1, once }) => [
    numberOf(address),
    numberOf(key),
    cost,
    secondOf(once),
    once?.digest ?? '',
  ]);
  const kept = [...seconds.values()].map(({ keptMs }) => keptMs);
  const args = [subjects.size, WINDOW_SECONDS * 1_000_000, ...subjects.values(), ...kept, ...each];
  return { subjects, seconds: [...seconds.keys()], args };
}
