import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

const turnMs = 50;

export interface RawSender {
  /** Resolves when the connection is closed, by either side. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/** An SRT caller that sends bytes as they are, again and again from the start, at `bytesPerSecond`. */
export function startRawSender(srtUrl: string, data: Buffer, bytesPerSecond: number): RawSender {
  // The data muxer writes what it is given; 1316 bytes are seven transport stream packets.
  const args = ['-v', 'error', '-f', 'data', '-i', 'pipe:0', '-c', 'copy', '-map', '0', '-f', 'data'];
  const sender = spawn('ffmpeg', [...args, `${srtUrl}&pkt_size=1316`], { stdio: ['pipe', 'ignore', 'ignore'] });
  const stopping = new AbortController();
  sender.stdin.on('error', () => stopping.abort());
  const closed = once(sender, 'close').then(() => stopping.abort());
  const feed = async () => {
    const began = performance.now();
    let sent = 0;
    while (!stopping.signal.aborted) {
      const due = ((performance.now() - began) / 1_000) * bytesPerSecond;
      while (sent < due && !stopping.signal.aborted) {
        const chunk = data.subarray(sent % data.length, (sent % data.length) + 13_160);
        sent += chunk.length;
        const isFull = !sender.stdin.write(chunk);
        if (isFull) await once(sender.stdin, 'drain', { signal: stopping.signal }).catch(() => undefined);
      }
      await sleep(turnMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  };
  const ended = Promise.all([feed(), closed]).then(() => undefined);
  return {
    ended,
    stop: async () => {
      stopping.abort();
      sender.kill('SIGKILL');
      await ended;
    },
  };
}
