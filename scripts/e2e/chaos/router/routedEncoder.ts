import { setTimeout as sleep } from 'node:timers/promises';
import { freeUdpPort } from '../../../../worker/ingest/testing/freeUdpPort.ts';
import { numberedPictures } from '../../../../worker/transcode/testing/pictureNumbers.ts';
import { type Child, startChild } from '../../harness/childProcess.ts';
import { startEncoder } from '../../harness/encoder.ts';

export type Caller = 'ffmpeg' | 'srt-live-transmit';

const AGAIN_MS = 100;

/** A real encoder whose pictures carry their numbers. It calls again when its connection ends. */
export class RoutedEncoder {
  /** How often its connection ended. */
  breaks = 0;
  readonly #url: string;
  readonly #gop: number;
  readonly #stopping = new AbortController();
  readonly #loop: Promise<void>;
  readonly #children = new Set<Child>();

  constructor(caller: Caller, url: string, gop: number) {
    this.#url = url;
    this.#gop = gop;
    this.#loop = caller === 'ffmpeg' ? this.#loopFfmpeg() : this.#loopTransmit();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const child of this.#children) child.kill('SIGKILL');
    await this.#loop;
  }

  async #loopFfmpeg(): Promise<void> {
    while (!this.#stopping.signal.aborted) await this.#until(this.#encode(this.#url));
  }

  /** The picture goes on while srt-live-transmit has no connection. */
  async #loopTransmit(): Promise<void> {
    const port = await freeUdpPort();
    this.#encode(`udp://127.0.0.1:${port}?pkt_size=1316`);
    while (!this.#stopping.signal.aborted) {
      const args = ['-a:no', '-chunk:1316', '-q', `udp://127.0.0.1:${port}`, this.#url];
      await this.#until(this.#keep(startChild('srt-live-transmit', args)));
    }
  }

  #encode(to: string): Child {
    const options = { size: '160x90', fps: 15, gop: this.#gop, filter: numberedPictures };
    return this.#keep(startEncoder({ ...options, srtUrl: to }));
  }

  #keep(child: Child): Child {
    this.#children.add(child);
    return child;
  }

  async #until(child: Child): Promise<void> {
    await child.exited;
    this.#children.delete(child);
    if (this.#stopping.signal.aborted) return;
    this.breaks += 1;
    await sleep(AGAIN_MS);
  }
}
