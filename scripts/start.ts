import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatLogLine } from '../common/formatLogLine.ts';
import { onEndSignals } from '../common/onEndSignals.ts';
import { secretsFile } from './embedded/secrets.ts';
import { type Embedded, startEmbedded } from './embedded/startEmbedded.ts';
import { describeError } from './lib/describeError.ts';

// npm start: a whole Livetran on this machine. See startEmbedded.ts.

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** As a person would name it: from here, unless it lies elsewhere. */
function named(path: string): string {
  const way = relative(process.cwd(), path);
  return way.startsWith('..') ? path : way || '.';
}

function summary({ url, config, dataDir }: Embedded): string {
  const place = named(secretsFile(dataDir));
  const shown = config.API_PUBLIC_URL ?? url;
  const password = process.env.ADMIN_PASSWORD ? 'as you set ADMIN_PASSWORD' : `ADMIN_PASSWORD in ${place}`;
  const { ROUTER_HOST, ROUTER_PORT, SRT_PORTS } = config;
  const srt =
    ROUTER_PORT === undefined
      ? `${config.SRT_HOST}, UDP ports ${SRT_PORTS.first}-${SRT_PORTS.last}   (SRT_HOST is the address that encoders get)`
      : `${ROUTER_HOST}, UDP port ${ROUTER_PORT}   (ROUTER_HOST is the address that encoders get)`;
  return `
Livetran is up. Its data is in ${named(dataDir)}; Ctrl-C stops it.

  API          ${shown}   requests are signed with HMAC_SECRET in ${place}
  Watch pages  ${shown}/watch/<stream_id>
  Control room ${shown}/admin   user ${config.ADMIN_USER}, password: ${password}
  SRT          ${srt}

  Go live:     ./scripts/livetran start my-stream
`;
}

async function main(): Promise<number> {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const stopping = new AbortController();
  let embedded: Embedded | undefined;
  const onRequest = (count: number, signal: NodeJS.Signals): void => {
    stopping.abort(new Error(`stopped by ${signal}`));
    if (count === 1) return;
    // A repeated request does not wait.
    embedded?.kill();
    process.exit(1);
  };
  onEndSignals(onRequest, ['SIGINT', 'SIGTERM', 'SIGHUP']);
  const stopped = new Promise<undefined>(done => stopping.signal.addEventListener('abort', () => done(undefined)));
  try {
    say(`Livetran starts: redis-server, ${process.env.ROUTER_PORT ? 'router, ' : ''}API, worker …`);
    const dataDir = resolve(process.env.DATA_DIR || '.livetran');
    const onLine = (name: string, line: string): void => say(process.stdout.isTTY ? formatLogLine(name, line) : line);
    embedded = await startEmbedded({ root, env: process.env, dataDir, onLine, signal: stopping.signal });
    say(summary(embedded));
    const failure = await Promise.race([stopped, embedded.failed]);
    say(failure ? 'stopping the other parts …' : 'stopping: worker, API, redis-server …');
    await embedded.stop();
    if (failure) throw failure;
  } catch (error) {
    if (!stopping.signal.aborted) {
      process.stderr.write(`livetran: ${describeError(error)}\n`);
      return 1;
    }
  }
  say('Livetran has stopped.');
  return 0;
}

process.exit(await main());
