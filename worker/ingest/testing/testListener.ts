import { EventEmitter, once } from 'node:events';
import { type Logger, pino } from 'pino';
import { mintStreamKey } from '../../../common/srt/mintStreamKey.ts';
import { srtUrl } from '../../../common/srt/srtUrl.ts';
import { StreamKeyCheck } from '../../../common/srt/streamKeyCheck.ts';
import type { SrtPublisher } from '../srtPublisher.ts';
import type { ListenOptions, SrtListener, SrtServer } from '../srtServer.ts';
import { freeUdpPort } from './freeUdpPort.ts';

/** A logger whose lines can be read. */
export function recordingLogger(): { log: Logger; lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  const log = pino({ level: 'trace', base: null }, { write: line => lines.push(JSON.parse(line)) });
  return { log, lines };
}

const STREAM = 'live';
const RUN = 'run';
const SECRET = 'a secret of the test, long enough';
const streamIdWith = (secret: string): string =>
  `mode=publish,rid=${STREAM},token=${mintStreamKey({ streamId: STREAM, run: RUN, secret, ttlSeconds: 600 })}`;

export interface TestListener extends SrtListener {
  readonly log: Record<string, unknown>[];
  /** A URL that gets in. */
  readonly url: string;
  /** Stream ids: one that gets in, and one with a forged key. */
  readonly good: string;
  readonly forged: string;
  /** The next publisher that got in, in order. */
  next(): Promise<SrtPublisher>;
}

/** A listener on a free port of 127.0.0.1 that checks stream keys. */
export async function openTestListener(
  host: SrtServer,
  options: Partial<Omit<ListenOptions, 'log' | 'onPublisher'>> & { passphrase?: string } = {},
): Promise<TestListener> {
  const { log, lines } = recordingLogger();
  const access = { floor: 0, passphrase: options.passphrase };
  const check = new StreamKeyCheck({ streamId: STREAM, run: RUN, secret: SECRET, access });
  const arrived: SrtPublisher[] = [];
  const bell = new EventEmitter();
  const listener = await host.openListener({
    port: options.port ?? (await freeUdpPort()),
    bind: '127.0.0.1',
    latencyMs: 120,
    admit: text => check.judge(text),
    ...options,
    onPublisher: publisher => {
      arrived.push(publisher);
      bell.emit('arrived');
    },
    log,
  });
  const good = streamIdWith(SECRET);
  return {
    ...listener,
    log: lines,
    url: srtUrl({ host: '127.0.0.1', port: listener.port }, STREAM, good.slice(good.indexOf('token=') + 6)),
    good,
    forged: streamIdWith('another secret'),
    next: async () => {
      for (;;) {
        const publisher = arrived.shift();
        if (publisher) return publisher;
        await once(bell, 'arrived');
      }
    },
  };
}
