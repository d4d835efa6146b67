/** A segment as a player sees it: what the playlist says, and the bytes behind the URI. */
export interface PlayedSegment {
  uri: string;
  duration: number;
  discontinuity: boolean;
  gap: boolean;
  programDateTime: string | undefined;
  body: Buffer;
}

export interface PlayedPlaylist {
  mediaSequence: number;
  discontinuitySequence: number;
  targetDuration: number;
  ended: boolean;
  segments: PlayedSegment[];
}

/** Fetches a media playlist and every segment in it, as a player would; throws on anything but 200. */
export async function mediaPlaylist(url: string): Promise<PlayedPlaylist> {
  const lines = (await fetchOk(url)).toString().split('\n');
  if (lines[0] !== '#EXTM3U') throw new Error(`${url} is no playlist`);
  const header = (tag: string): number =>
    Number(lines.find(line => line.startsWith(`${tag}:`))?.slice(tag.length + 1) ?? 0);
  const segments: PlayedSegment[] = [];
  let next: Partial<PlayedSegment> = {};
  for (const line of lines) {
    if (line.startsWith('#EXTINF:')) next.duration = Number.parseFloat(line.slice(8));
    else if (line === '#EXT-X-DISCONTINUITY') next.discontinuity = true;
    else if (line === '#EXT-X-GAP') next.gap = true;
    else if (line.startsWith('#EXT-X-PROGRAM-DATE-TIME:')) next.programDateTime = line.slice(25);
    else if (line !== '' && !line.startsWith('#')) {
      const body = next.gap ? Buffer.alloc(0) : await fetchOk(new URL(line, url).href);
      segments.push({
        duration: 0,
        discontinuity: false,
        gap: false,
        programDateTime: undefined,
        ...next,
        uri: line,
        body,
      });
      next = {};
    }
  }
  return {
    mediaSequence: header('#EXT-X-MEDIA-SEQUENCE'),
    discontinuitySequence: header('#EXT-X-DISCONTINUITY-SEQUENCE'),
    targetDuration: header('#EXT-X-TARGETDURATION'),
    ended: lines.includes('#EXT-X-ENDLIST'),
    segments,
  };
}

export interface Variant {
  url: string;
  attributes: Record<string, string>;
}

/** Fetches a multivariant playlist; attribute values as written, quotes included. */
export async function multivariantPlaylist(url: string): Promise<{ variants: Variant[] }> {
  const lines = (await fetchOk(url)).toString().split('\n');
  const variants: Variant[] = [];
  for (const [i, line] of lines.entries()) {
    if (!line.startsWith('#EXT-X-STREAM-INF:')) continue;
    const pairs = [...line.slice(18).matchAll(/([A-Z-]+)=("[^"]*"|[^,]*)/g)];
    variants.push({
      url: new URL(lines[i + 1] ?? '', url).href,
      attributes: Object.fromEntries(pairs.map(([, name, value]) => [name, value])),
    });
  }
  return { variants };
}

/** The media playlists behind a stream's URL, from the largest rendition to the smallest. */
export async function mediaPlaylists(url: string): Promise<PlayedPlaylist[]> {
  const isLadder = url.endsWith('_master.m3u8');
  const urls = isLadder ? (await multivariantPlaylist(url)).variants.map(variant => variant.url) : [url];
  return Promise.all(urls.map(mediaPlaylist));
}

async function fetchOk(url: string): Promise<Buffer> {
  const response = await fetch(url);
  const body = Buffer.from(await response.arrayBuffer());
  if (response.status !== 200)
    throw new Error(`GET ${url} answered ${response.status}: ${body.toString().slice(0, 200)}`);
  return body;
}
