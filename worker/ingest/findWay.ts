import type { Logger } from '../../common/createLogger.ts';

/** A name or address, and a port. */
export interface RouterAddress {
  host: string;
  port: number;
}

/** How a run's listener is reached, as fields of its record. */
export interface IngestPlace extends Readonly<Record<string, string>> {
  /** '1': the URL is that of the routers, for the whole run. */
  routed: string;
  /** `<token>/<port>/<host>`: where routers find the owner with that token. */
  ingest: string;
}

/**
 * Which address encoders get. A run whose URL is that of the routers keeps it, since every one of them finds the run's worker. A
 * run whose URL leads to this listener keeps that. Any other gets the routers' address while one is alive, else this worker's.
 * @param options.own this listener
 */
export async function findWay(options: {
  own: RouterAddress;
  stream: { token: string; recorded: (field: string) => string | undefined };
  findRouter: () => Promise<RouterAddress | undefined>;
  log: Logger;
}): Promise<{ place: IngestPlace; shown: RouterAddress }> {
  const { own, stream, findRouter, log } = options;
  const ingest = `${stream.token}/${own.port}/${own.host}`;
  const before = addressOf(stream.recorded('srtUrl'));
  if (before && stream.recorded('routed') === '1') return { place: { routed: '1', ingest }, shown: before };
  const router = await findRouter().catch(error => {
    log.warn({ err: error }, "routers not looked up: the stream gets its worker's own address");
    return undefined;
  });
  const isKept = before?.host === own.host && before.port === own.port;
  if (!router || isKept) return { place: { routed: '', ingest }, shown: own };
  return { place: { routed: '1', ingest }, shown: router };
}

function addressOf(url: string | undefined): RouterAddress | undefined {
  if (url === undefined || !URL.canParse(url)) return undefined;
  const { hostname, port } = new URL(url);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) };
}
