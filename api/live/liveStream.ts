import type { StreamRecord } from '../../common/stream/streamRecord.ts';

/** What is known of a stream that viewers ask for. */
export interface LiveStream {
  streamId: string;
  run: string;
  isSigned: boolean;
  /** It is made with parts, and has not STOPPED: its worker has its playlists. */
  isLowLatency: boolean;
  /** An encoder has connected in this run: there is, or was, something to play. */
  hasStarted: boolean;
  /** Of its worker; undefined: none has it now, or its worker has no origin. */
  origin: string | undefined;
}

export const liveStreamOf = (record: StreamRecord, origin: string | undefined): LiveStream => ({
  streamId: record.streamId,
  run: record.run,
  isSigned: record.playback === 'signed',
  isLowLatency: record.latency === 'low' && record.state !== 'STOPPED',
  hasStarted: record.streamingAt !== undefined,
  origin,
});
