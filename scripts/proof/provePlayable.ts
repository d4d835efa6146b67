import { request } from '../lib/request.ts';
import { waitUntil } from '../lib/waitUntil.ts';
import { parsePlaylist } from './parsePlaylist.ts';
import { probeSegment } from './probeSegment.ts';

export interface ProvenRendition {
  url: string;
  /** Segments that were listed, fetched and probed. */
  segments: number;
  /** "1280x720" */
  size: string;
}

const WANTED_SEGMENTS = 3;
const WAIT_MS = 60_000;

/**
 * Follows a live stream as a player does: every playlist, and every segment that it lists, is fetched at once. Throws at
 * the first thing a viewer would notice: an address that does not answer, a segment without H.264 or AAC at 48 kHz, a
 * picture of another size than promised.
 */
export async function provePlayable(options: {
  playlistUrl: string;
  /** The picture size to expect of a single-quality stream; a multivariant playlist says its own. */
  size: string;
  signal: AbortSignal;
  onSegment: (url: string) => void;
}): Promise<ProvenRendition[]> {
  const first = await fetchPlaylist(options.playlistUrl, options.signal);
  const renditions =
    first.variants.length > 0
      ? first.variants.map(({ url, resolution }) => ({ url, size: resolution ?? 'a RESOLUTION' }))
      : [{ url: options.playlistUrl, size: options.size }];
  return Promise.all(renditions.map(rendition => follow(rendition, options)));
}

async function follow(
  { url, size }: { url: string; size: string },
  { signal, onSegment }: { signal: AbortSignal; onSegment: (url: string) => void },
): Promise<ProvenRendition> {
  const seen = new Set<string>();
  const enough = async (): Promise<boolean> => {
    for (const segment of (await fetchPlaylist(url, signal)).segments) {
      if (seen.has(segment)) continue;
      await checkSegment(segment, size, signal);
      seen.add(segment);
      onSegment(segment);
    }
    return seen.size >= WANTED_SEGMENTS;
  };
  await waitUntil(`the third segment of ${url}`, enough, { timeoutMs: WAIT_MS, everyMs: 500, signal });
  return { url, segments: seen.size, size };
}

async function checkSegment(url: string, size: string, signal: AbortSignal): Promise<void> {
  const found = await probeSegment(await fetchWhole(url, signal), signal);
  const expected = { video: 'h264', size, audio: 'aac', sampleRate: 48_000 };
  for (const [name, value] of Object.entries(expected)) {
    const given = found[name as keyof typeof found];
    if (given !== value) throw new Error(`${url}: ${name} is ${given}, not ${value}`);
  }
}

/** Throws unless every media playlist says that the stream is over, and everything it lists can still be fetched. */
export async function proveEnded(urls: readonly string[], signal: AbortSignal): Promise<void> {
  for (const url of urls) {
    const playlist = await fetchPlaylist(url, signal);
    if (!playlist.ended) throw new Error(`${url} has no EXT-X-ENDLIST after the stream has stopped`);
    for (const segment of playlist.segments) await fetchWhole(segment, signal);
  }
}

const fetchPlaylist = async (url: string, signal: AbortSignal): Promise<ReturnType<typeof parsePlaylist>> =>
  parsePlaylist((await fetchWhole(url, signal)).toString(), url);

async function fetchWhole(url: string, signal: AbortSignal): Promise<Buffer> {
  const { status, body } = await request(url, { signal });
  if (status !== 200) throw new Error(`${url} answers with HTTP status ${status}`);
  if (body.length === 0) throw new Error(`${url} is empty`);
  return body;
}
