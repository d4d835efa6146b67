import { isLadder, type StreamProfile } from '../../common/stream/streamProfile.ts';
import type { Cluster } from '../e2e/harness/cluster.ts';
import { cpuSeconds } from './cpuSeconds.ts';
import { type Source, sendSource } from './source.ts';

export interface RunResult {
  /** From the sender's start to a playable playlist (ms). */
  fromStartMs: number;
  /** From the accepted connection, just before its first packet, to a playable playlist in the store (ms). */
  fromConnectMs?: number;
  /** Media in the (first) rendition (s): a listener that does not keep up loses some. */
  mediaSeconds: number;
  /** CPU of everything between SRT and HLS (s). */
  cpu: number;
  /** From a segment's last byte on disk to the playlist that lists it (ms), one for each segment. */
  closedToListedMs: number[];
}

/** One stream through a cluster with one worker: from an encoder's connection to STOPPED. */
export async function livetranRun(
  cluster: Cluster,
  streamId: string,
  profile: StreamProfile,
  source: Source,
): Promise<RunResult> {
  const [worker] = cluster.workers;
  const { s3, client } = cluster;
  if (!worker || !s3) throw new Error('the bench needs a worker and the S3 double');
  const cpuBefore = cpuSeconds(worker.pid);
  await client.start(streamId, { profile });
  const { srt_url: srtUrl } = await client.inState(streamId, 'READY');
  const startedAt = Date.now();
  const sender = sendSource(source, String(srtUrl));
  await client.inState(streamId, 'STREAMING');
  await sender.exited;
  await client.inState(streamId, 'READY');
  await client.stop(streamId);
  await client.inState(streamId, 'STOPPED');

  const lines = worker.log.filter(line => line.streamId === streamId);
  const connectedAt = Date.parse(String(lines.find(line => line.msg === 'encoder connected')?.time));
  const abr = isLadder(profile);
  const playlists = [...s3.objects()].filter(([key]) => key.startsWith(`${streamId}/`) && key.endsWith('.m3u8'));
  const firstWrites = playlists.map(([, { writes }]) => writes[0]?.time ?? Number.NaN);
  const playableAt = Math.max(...firstWrites);
  return {
    fromStartMs: playableAt - startedAt,
    fromConnectMs: playableAt - connectedAt,
    mediaSeconds: mediaSeconds(
      s3
        .objects()
        .get(`${streamId}/${streamId}${abr ? '_0' : ''}.m3u8`)
        ?.body.toString() ?? '',
    ),
    cpu: cpuSeconds(worker.pid) - cpuBefore,
    closedToListedMs: lines.filter(line => line.msg === 'segment listed').map(line => Number(line.closedToListedMs)),
  };
}

/** The sum of a media playlist's durations. */
export function mediaSeconds(playlist: string): number {
  return [...playlist.matchAll(/^#EXTINF:([\d.]+)/gm)].reduce((sum, [, seconds]) => sum + Number(seconds), 0);
}
