import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Livetran } from '../client/index.ts';
import { onEndSignals } from '../common/onEndSignals.ts';
import { type Embedded, startEmbedded } from './embedded/startEmbedded.ts';
import { connectLivetran } from './lib/connectLivetran.ts';
import { describeError } from './lib/describeError.ts';
import { demoEnvironment } from './proof/demoEnvironment.ts';
import { type DemoOptions, goLive, proveOnce } from './proof/runDemo.ts';

// The second half of ./scripts/demo: everything is installed by now, and this is the project's own Node.

const ONCE_MS = 120_000;
const STREAM_ID = 'demo';

const root = fileURLToPath(new URL('..', import.meta.url));
const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function showUntilStopped(options: DemoOptions): Promise<void> {
  const live = await goLive(options);
  const { embedded, client, streamId } = options;
  say(`
On air, ${live.playable.toFixed(1)} s after the encoder was started.

  Watch     ${embedded.config.API_PUBLIC_URL}/watch/${streamId}
            (the certificate is self-made: the browser asks once)
  Playlist  ${live.playlistUrl}
  Look on   ./scripts/livetran watch ${streamId}
  Stop      Ctrl-C
`);
  const { promise: interrupted, resolve: interrupt } = Promise.withResolvers<undefined>();
  options.signal.addEventListener('abort', () => interrupt(undefined));
  if (options.signal.aborted) interrupt(undefined);
  try {
    const ended = await Promise.race([interrupted, embedded.failed, live.encoder.exited]);
    if (ended instanceof Error) throw ended;
    if (ended && (await client.streams.get(streamId)).state !== 'STOPPED')
      throw new Error('the test encoder ended by itself');
    say('Stopping …');
  } finally {
    await live.encoder.stop(5_000);
  }
  if ((await client.streams.get(streamId)).state !== 'STOPPED') await client.streams.stop(streamId);
}

const clientOf = ({ url, config }: Embedded): Livetran => connectLivetran({ url, secret: config.HMAC_SECRET });

async function run({ once, abr }: { once: boolean; abr: boolean }, signal: AbortSignal): Promise<void> {
  const isOwn = once && !process.env.DATA_DIR;
  const dataDir = isOwn
    ? await mkdtemp(join(tmpdir(), 'livetran-demo-'))
    : resolve(process.env.DATA_DIR || join(root, '.livetran'));
  const env = await demoEnvironment(process.env);
  const log: string[] = [];
  const onLine = (name: string, line: string): void => {
    log.push(`${name}: ${line}`);
    if (log.length > 200) log.shift();
  };
  let embedded: Embedded | undefined;
  try {
    say('starting redis-server, API and worker …');
    embedded = await startEmbedded({ root, env, dataDir, onLine, signal });
    say(`Livetran is up at ${embedded.config.API_PUBLIC_URL}`);
    const client = clientOf(embedded);
    const options = { streamId: STREAM_ID, abr, embedded, client, env, root, say, signal };
    if (!once) return await showUntilStopped(options);
    const proven = await Promise.race([proveOnce(options), embedded.failed]);
    if (proven instanceof Error) throw proven;
    say(`\nPlayable. Proved:\n  ${proven.join('\n  ')}`);
  } catch (error) {
    if (process.env.DEMO_LOG || once) say(`\nthe last log lines:\n${log.slice(-30).join('\n')}\n`);
    throw error;
  } finally {
    await embedded?.stop();
    if (isOwn) await rm(dataDir, { recursive: true, force: true });
  }
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { once: { type: 'boolean' }, abr: { type: 'boolean' } } });
  const once = values.once ?? false;
  const interrupted = new AbortController();
  const onRequest = (count: number, signal: NodeJS.Signals): void => {
    if (count > 1) process.exit(1);
    interrupted.abort(new Error(`stopped by ${signal}`));
  };
  onEndSignals(onRequest, ['SIGINT', 'SIGTERM', 'SIGHUP']);
  const signals = [interrupted.signal];
  if (once) signals.push(deadline());
  try {
    await run({ once, abr: values.abr ?? false }, AbortSignal.any(signals));
    return 0;
  } catch (error) {
    if (interrupted.signal.aborted && !once) return 0;
    process.stderr.write(`demo: ${describeError(error)}\n`);
    return 1;
  }
}

function deadline(): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => controller.abort(new Error(`not proved within ${ONCE_MS / 1_000} s`)), ONCE_MS).unref();
  return controller.signal;
}

process.exit(await main());
