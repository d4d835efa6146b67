import { ApiError, type Livetran, type Stream } from '../../client/index.ts';
import type { Child } from '../embedded/childProcess.ts';
import type { Embedded } from '../embedded/startEmbedded.ts';
import { waitUntil } from '../lib/waitUntil.ts';
import { listProcesses } from './listProcesses.ts';
import { proveEnded, provePlayable } from './provePlayable.ts';
import { startTestEncoder, TEST_PICTURE } from './testEncoder.ts';

export interface DemoOptions {
  streamId: string;
  abr: boolean;
  embedded: Embedded;
  client: Livetran;
  env: NodeJS.ProcessEnv;
  root: string;
  say: (line: string) => void;
  signal: AbortSignal;
}

interface LiveDemo {
  encoder: Child;
  playlistUrl: string;
  /** Seconds from the start of the encoder to its connection, and to the first playlist. */
  connected: number;
  playable: number;
}

const WAIT_MS = 60_000;
const ENCODER_STOP_MS = 5_000;

/** Starts a stream and publishes the test picture until the stream can be played. */
export async function goLive(options: DemoOptions): Promise<LiveDemo> {
  const { client, streamId, say, signal } = options;
  const srtUrl = await startStream(options);
  say(`stream "${streamId}" listens at ${hideToken(srtUrl)}`);
  const program = options.env.FFMPEG || 'ffmpeg';
  const encoder = startTestEncoder({ program, srtUrl, env: options.env, cwd: options.root });
  const begun = performance.now();
  const since = (): number => (performance.now() - begun) / 1_000;
  let encoderEnded = false;
  void encoder.exited.then(() => {
    encoderEnded = true;
  });
  try {
    let connected = 0;
    const playable = async (): Promise<Stream | false> => {
      const stream = await client.streams.get(streamId, { signal });
      if (stream.state === 'STREAMING') connected ||= since();
      if (stream.state === 'STOPPED') throw new Error(`the stream stopped: ${stream.reason}, ${stream.update}`);
      if (encoderEnded) throw new Error(`the test encoder ended: ${hideToken(encoder.reason())}`);
      return stream.stream_link ? stream : false;
    };
    const stream = await waitUntil('the first playlist', playable, { timeoutMs: WAIT_MS, everyMs: 50, signal });
    return { encoder, playlistUrl: String(stream.stream_link), connected, playable: since() };
  } catch (error) {
    await encoder.stop(ENCODER_STOP_MS);
    throw error;
  }
}

/** A stream of that name that a killed demo left running is stopped first. */
async function startStream({ client, streamId, abr, signal }: DemoOptions): Promise<string> {
  const start = async (): Promise<boolean> => {
    try {
      await client.streams.create({ stream_id: streamId, abr }, { signal });
      return true;
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 409) throw error;
      await stopStream(client, streamId, signal);
      return false;
    }
  };
  await waitUntil('the start of the stream', start, { timeoutMs: WAIT_MS, signal });
  const ready = async (): Promise<string | undefined> => {
    const stream = await client.streams.get(streamId, { signal });
    if (stream.state === 'STOPPED') throw new Error(`the stream did not start: ${stream.reason}, ${stream.update}`);
    return stream.state === 'READY' ? (stream.srt_url ?? undefined) : undefined;
  };
  return waitUntil('an SRT listener', ready, { timeoutMs: WAIT_MS, signal });
}

async function stopStream(client: Livetran, streamId: string, signal: AbortSignal): Promise<void> {
  await client.streams.stop(streamId, { signal });
  const stopped = async (): Promise<boolean> => (await client.streams.get(streamId, { signal })).state === 'STOPPED';
  await waitUntil('STOPPED', stopped, { timeoutMs: WAIT_MS, signal });
}

/** The whole proof: live, playable, stopped, nothing left. Resolves to what it proved, as lines. */
export async function proveOnce(options: DemoOptions): Promise<string[]> {
  const { embedded, client, streamId, say, signal } = options;
  const live = await goLive(options);
  try {
    say(`first playlist after ${live.playable.toFixed(1)} s; fetching every segment that it lists …`);
    const onSegment = (url: string): void => say(`  ${url}`);
    const proven = await provePlayable({ playlistUrl: live.playlistUrl, size: TEST_PICTURE, signal, onSegment });
    const transcoders = await transcodersOf(embedded);
    if (transcoders.length === 0)
      throw new Error('no ffmpeg process of the worker was found while the stream was live');
    say('stopping the stream …');
    await stopStream(client, streamId, signal);
    await live.encoder.stop(ENCODER_STOP_MS);
    await proveEnded(
      proven.map(({ url }) => url),
      signal,
    );
    await embedded.stop();
    const left = (await listProcesses()).filter(({ pid, name }) => name === 'ffmpeg' && transcoders.includes(pid));
    if (left.length > 0) throw new Error(`ffmpeg processes are left: ${left.map(({ pid }) => pid).join(', ')}`);
    return [
      `playlist         ${live.playlistUrl}`,
      ...proven.map(
        ({ url, segments, size }) =>
          `picture          ${size}, H.264 + AAC 48 kHz, ${segments} segments (${name(url)})`,
      ),
      `first playlist   ${live.playable.toFixed(2)} s after the encoder was started, ${(live.playable - live.connected).toFixed(2)} s after it was connected`,
      'stopped          playlist ends with EXT-X-ENDLIST, all its segments are there, no ffmpeg process is left',
    ];
  } finally {
    await live.encoder.stop(ENCODER_STOP_MS);
  }
}

/** FFmpeg may run in a group of its own, so it is found by its parents: guard, worker, ffmpeg. */
async function transcodersOf(embedded: Embedded): Promise<number[]> {
  const processes = await listProcesses();
  const workers = processes.filter(entry => entry.group === embedded.pids.worker).map(({ pid }) => pid);
  return processes
    .filter(
      ({ name, parent, group }) => name === 'ffmpeg' && (workers.includes(parent) || group === embedded.pids.worker),
    )
    .map(({ pid }) => pid);
}

const name = (url: string): string => url.slice(url.lastIndexOf('/') + 1);

/** A stream key in a terminal ends up in screenshots. */
const hideToken = (text: string): string => text.replaceAll(/token=[\w.-]+/g, 'token=…');
