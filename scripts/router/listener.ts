import { stat } from 'node:fs/promises';
import { freeUdpPort } from '../../worker/ingest/testing/freeUdpPort.ts';
import { startChild } from '../e2e/harness/childProcess.ts';
import { waitFor } from '../e2e/harness/waitFor.ts';

/** FFmpeg as an SRT listener that writes what comes to a file: a worker that can be killed. */
export async function startListener(file: string, options: { port?: number; passphrase?: string; host?: string } = {}) {
  const port = options.port ?? (await freeUdpPort());
  const secret = options.passphrase === undefined ? '' : `&passphrase=${options.passphrase}`;
  const url = `srt://${options.host ?? '127.0.0.1'}:${port}?mode=listener${secret}`;
  const quiet = ['-hide_banner', '-nostdin', '-loglevel', 'error', '-y', '-flush_packets', '1'];
  // The raw bytes: no packet is lost to FFmpeg's analysis.
  const child = startChild('ffmpeg', [
    ...quiet,
    '-f',
    'data',
    '-i',
    url,
    '-map',
    '0',
    '-c',
    'copy',
    '-f',
    'data',
    file,
  ]);
  const bytes = async (): Promise<number> => (await stat(file).catch(() => ({ size: 0 }))).size;
  return {
    port,
    child,
    bytes,
    received: (atLeast: number) => waitFor(`${atLeast} bytes in ${file}`, async () => (await bytes()) >= atLeast),
  };
}
