import { ViewerSocket } from './viewerSocket.ts';

/** What a playlist says to a player. */
interface Edge {
  /** The parts that it lists, in order. */
  parts: string[];
  /** What comes next. */
  next: string;
}

export interface ViewerCounts {
  /** From a part's closing to its last byte at the viewer (ms). */
  ages: number[];
  parts: number;
  playlists: number;
  bytes: number;
  failures: number;
  /** Parts that the playlist listed no more before this viewer had seen them. */
  skipped: number;
}

/** Viewers of a stream get the same playlists, and one reads them for all. */
const read = new Map<string, Edge>();

/**
 * A player as hls.js is: it asks for each next playlist as soon as it has one, with `_HLS_msn` and `_HLS_part`, and beside that fetches each part
 * once, one after the other, over a second connection.
 */
export class LiveViewer {
  readonly #folder: string;
  readonly #playlist: string;
  readonly #counts: ViewerCounts;
  readonly #lists: ViewerSocket;
  readonly #media: ViewerSocket;
  readonly #queue: string[] = [];
  #last: string | undefined;
  #isFetching = false;
  #isOver = false;

  constructor(api: string, streamId: string, counts: ViewerCounts) {
    this.#folder = `/live/${streamId}/`;
    this.#playlist = `${this.#folder}${streamId}.m3u8`;
    this.#counts = counts;
    [this.#lists, this.#media] = [new ViewerSocket(new URL(api)), new ViewerSocket(new URL(api))];
  }

  /** Until stop(). */
  async run(): Promise<void> {
    let query = '';
    while (!this.#isOver) {
      const path = this.#playlist + query;
      const answer = await this.#lists.get(path).catch(() => undefined);
      if (this.#isOver) return;
      if (answer?.status !== 200) {
        this.#counts.failures += 1;
        return;
      }
      this.#counts.playlists += 1;
      const edge = (query !== '' && read.get(path)) || readEdge(answer.body.toString('latin1'));
      if (query !== '') keep(path, edge);
      this.#enqueue(edge.parts);
      query = edge.next;
    }
  }

  stop(): void {
    this.#isOver = true;
    this.#lists.close();
    this.#media.close();
  }

  /** A viewer who comes begins with the newest part. */
  #enqueue(parts: readonly string[]): void {
    const known = this.#last === undefined ? parts.length - 2 : parts.indexOf(this.#last);
    if (known === -1 && this.#last !== undefined) this.#counts.skipped += 1;
    this.#queue.push(...parts.slice(known + 1));
    this.#last = parts.at(-1);
    if (!this.#isFetching) void this.#fetch();
  }

  async #fetch(): Promise<void> {
    this.#isFetching = true;
    for (let part = this.#queue.shift(); part !== undefined && !this.#isOver; part = this.#queue.shift()) {
      const answer = await this.#media.get(this.#folder + part).catch(() => undefined);
      if (this.#isOver) return;
      if (answer?.status === 200) this.#count(answer.body);
      else this.#counts.failures += 1;
    }
    this.#isFetching = false;
  }

  #count(body: Buffer): void {
    this.#counts.ages.push(performance.timeOrigin + performance.now() - body.readDoubleLE());
    this.#counts.parts += 1;
    this.#counts.bytes += body.length;
  }
}

function readEdge(text: string): Edge {
  const parts = [...text.matchAll(/#EXT-X-PART:.*URI="([^"]+)"/g)].map(([, uri = '']) => uri);
  const first = Number(/#EXT-X-MEDIA-SEQUENCE:(\d+)/.exec(text)?.[1] ?? 0);
  const segments = text.match(/^#EXTINF/gm)?.length ?? 0;
  const open = text.slice(text.lastIndexOf('#EXTINF')).match(/#EXT-X-PART:/g)?.length ?? 0;
  return { parts, next: `?_HLS_msn=${first + segments}&_HLS_part=${open}` };
}

function keep(path: string, edge: Edge): void {
  read.set(path, edge);
  const [oldest] = read.keys();
  if (read.size > 2_000 && oldest !== undefined) read.delete(oldest);
}
