/** Whose fault a problem is: where to look first. */
export const healthFaults = ['network', 'encoder', 'worker', 'storage'] as const;
export type HealthFault = (typeof healthFaults)[number];

/** Everything that a stream's health can name, with what it means. The one list; a test compares docs/events.md with it. */
export const healthProblems = {
  packets_dropped: 'Packets did not arrive in time, so parts of the picture are missing.',
  packets_lost: 'Packets were lost on the way and sent again. Nothing is missing yet.',
  rtt_high: 'The round trip is long for the SRT latency, so packets that are sent again come too late.',
  bit_rate_collapsed: 'The encoder sends much less than in the minute before.',
  nothing_received: 'The encoder is connected and nothing comes.',
  undecryptable: 'Packets cannot be decrypted.',
  no_audio: 'There is no audio, or it has stopped.',
  key_frames_far_apart: 'The key frames of the source are far apart.',
  timestamps_jumped: 'The timestamps of the source jumped.',
  continuity_errors: 'Packets are missing in the MPEG-TS, and SRT lost none.',
  decode_errors: 'FFmpeg reports errors in the source.',
  slow_encode: 'FFmpeg is slower than real time.',
  upload_late: 'Segments wait too long before they are stored and listed.',
  segments_lost: 'Segments were listed as gaps.',
} as const;

export type HealthProblemCode = keyof typeof healthProblems;
