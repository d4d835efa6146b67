/** How many webhooks this process sends at a time, by what is known of their receivers. */
export const sendLimits = {
  /** All together; BullMQ's `concurrency`. */
  all: 300,
  /** To all hosts together that are new, slow or silent. The rest is left to prompt ones. */
  unproven: 150,
  /** To a prompt host. */
  prompt: 50,
  /** To a host that is new, slow or silent. */
  share: 4,
  /** A host is prompt when it answers within this time (ms), on average. */
  promptMs: 1_000,
  /** How long (ms) a webhook for a host that is not prompt waits for a place, at least; at most twice that. */
  waitMs: 5_000,
  /** Silent attempts in a row that open the circuit. */
  silent: 3,
  /** How long it stays open (ms): the first time, and at most. It doubles with each attempt that fails in between. */
  openMs: 5_000,
  longestMs: 10_000,
} as const;

/** How an attempt ended. Silence is no answer in time, or no connection. An attempt that was called off says nothing. */
export type AttemptEnd = 'answered' | 'silent' | 'called_off';

/** The right to send one webhook; a time to wait (ms) for a place; or a circuit that is open for so long (ms). */
export type Admission =
  | { kind: 'send'; prompt: boolean; end(how: AttemptEnd): void }
  | { kind: 'wait'; ms: number }
  | { kind: 'open'; ms: number };

interface Host {
  /** When the attempts under way began, oldest first. */
  attempts: Set<{ since: number }>;
  /** Time to an answer (ms), a moving average; undefined until the first one. */
  answerMs: number | undefined;
  /** Silent attempts since the last answer. */
  silent: number;
  openUntil: number;
  /** What waits for it to be prompt. */
  waiting: (() => void)[];
}

const MOST_HOSTS = 10_000;
const MOST_WAITING = 1_000;
const NEWEST_WEIGHT = 0.3;

/**
 * What this process has measured of the hosts that receive webhooks, and how much each may take of its senders. One that does not
 * answer, or slowly, gets a small share, and nothing while its circuit is open; after that one attempt tries it.
 */
export class ReceiverHosts {
  readonly #hosts = new Map<string, Host>();
  readonly #now: () => number;
  readonly #onOpen: (host: string, ms: number) => void;
  #unproven = 0;

  /** @param options.onOpen called when a host's circuit opens that was closed. @param options.now ms, only goes forward */
  constructor(options: { onOpen?: (host: string, ms: number) => void; now?: () => number } = {}) {
    this.#onOpen = options.onOpen ?? (() => undefined);
    this.#now = options.now ?? (() => performance.now());
  }

  /** Whether it answered promptly so far, and what is under way to it is not late. */
  isPrompt(name: string): boolean {
    const host = this.#hosts.get(name);
    return host !== undefined && this.#isPrompt(host);
  }

  /** Calls back once, as soon as the host is prompt: at once when it is. Beyond 1,000 callbacks of a host, not at all. */
  whenPrompt(name: string, callBack: () => void): void {
    const host = this.#host(name);
    if (this.#isPrompt(host)) callBack();
    else if (host.waiting.length < MOST_WAITING) host.waiting.push(callBack);
  }

  /** Asks to send a webhook to a host, named as in URL.host. Who may send calls `end` when it is over. */
  admit(name: string): Admission {
    const host = this.#host(name);
    const now = this.#now();
    const isOpen = host.silent >= sendLimits.silent;
    const oldest = this.#oldest(host);
    if (isOpen && host.openUntil > now) return { kind: 'open', ms: host.openUntil - now };
    if (isOpen && oldest !== undefined) return { kind: 'open', ms: sendLimits.openMs };
    const prompt = this.#isPrompt(host);
    const isFull = host.attempts.size >= (prompt ? sendLimits.prompt : sendLimits.share);
    if (isFull || (!prompt && this.#unproven >= sendLimits.unproven)) {
      // Long for a host that is not prompt, since each look costs Redis work; whenPrompt ends the wait.
      const ms = prompt ? 50 : sendLimits.waitMs;
      return { kind: 'wait', ms: ms * (1 + Math.random()) };
    }
    return this.#begin(name, host, !prompt);
  }

  #begin(name: string, host: Host, unproven: boolean): Admission {
    const attempt = { since: this.#now() };
    host.attempts.add(attempt);
    if (unproven) this.#unproven += 1;
    return {
      kind: 'send',
      prompt: !unproven,
      end: how => {
        if (!host.attempts.delete(attempt)) return;
        if (unproven) this.#unproven -= 1;
        if (how === 'answered') this.#answered(host, this.#now() - attempt.since);
        if (how === 'silent') this.#wasSilent(name, host);
      },
    };
  }

  #answered(host: Host, ms: number): void {
    host.silent = 0;
    host.answerMs = host.answerMs === undefined ? ms : host.answerMs + NEWEST_WEIGHT * (ms - host.answerMs);
    if (this.#isPrompt(host)) for (const callBack of host.waiting.splice(0)) callBack();
  }

  #wasSilent(name: string, host: Host): void {
    host.silent += 1;
    const failed = host.silent - sendLimits.silent;
    if (failed < 0) return;
    const ms = Math.min(sendLimits.openMs * 2 ** Math.min(failed, 10), sendLimits.longestMs);
    host.openUntil = this.#now() + ms;
    if (failed === 0) this.#onOpen(name, ms);
  }

  #isPrompt(host: Host): boolean {
    if (host.answerMs === undefined || host.answerMs > sendLimits.promptMs || host.silent > 0) return false;
    return this.#now() - (this.#oldest(host) ?? this.#now()) <= sendLimits.promptMs;
  }

  #oldest(host: Host): number | undefined {
    const [oldest] = host.attempts;
    return oldest?.since;
  }

  #host(name: string): Host {
    const known = this.#hosts.get(name);
    const host = known ?? { attempts: new Set(), answerMs: undefined, silent: 0, openUntil: 0, waiting: [] };
    if (known) return known;
    this.#hosts.set(name, host);
    if (this.#hosts.size > MOST_HOSTS) this.#forgetOne(name);
    return host;
  }

  /** The one known for longest that nothing is under way to; prompt ones last. */
  #forgetOne(except: string): void {
    let prompt: string | undefined;
    for (const [name, host] of this.#hosts) {
      if (name === except || host.attempts.size > 0) continue;
      if (!this.#isPrompt(host)) return void this.#hosts.delete(name);
      prompt ??= name;
    }
    if (prompt !== undefined) this.#hosts.delete(prompt);
  }
}
