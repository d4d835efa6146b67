interface RejectMeaning {
  /** Why a caller gets it. */
  why: string;
  /** What the streamer, or the operator, can do. */
  advice: string;
}

/**
 * Every SRT reject code that a caller can get from Livetran (srt_getrejectreason there). The one table; docs/ingestion.md is
 * checked against it. Below 1000: libsrt's own (SRT_REJECT_REASON). From 1400: ours, after libsrt's access_control.h.
 */
export const rejectCodes = {
  10: {
    why: 'The passphrase is wrong (SRT_REJ_BADSECRET)',
    advice: "Set the stream's passphrase in the encoder",
  },
  11: {
    why: 'The stream has a passphrase and the encoder sent none, or the other way round (SRT_REJ_UNSECURE)',
    advice: "Set the stream's passphrase in the encoder, or leave it empty for a stream without one",
  },
  1400: {
    why: 'The stream id cannot be read, or is missing',
    advice: 'Give the encoder the whole URL',
  },
  1401: {
    why: 'No stream key, a wrong one, or one that has expired',
    advice: 'Use the URL of the running stream. If the key has expired, request a new one, or start the stream again',
  },
  1403: {
    why: 'The key is for another stream',
    advice: "Use this stream's URL",
  },
  1404: {
    why: 'The stream does not run. Sent by routers only',
    advice: 'Start it, and use its new URL',
  },
  1405: {
    why: '`mode` is not publish',
    advice: 'Encoders publish; viewers use the playlist',
  },
  1409: {
    why: 'Another encoder is live on this stream',
    advice: 'Stop it. If it has stopped sending, the new one is accepted after about two seconds',
  },
  1410: {
    why: 'The key was revoked, or is of an earlier run: the stream was stopped and started again',
    advice: 'Use the new SRT URL',
  },
  1429: {
    why: 'Too many connections from this address. Sent by routers only',
    advice: 'Use another router',
  },
  1500: {
    why: 'Livetran failed',
    advice: "See the worker's log",
  },
  1503: {
    why: 'The stream is ending, or (from a router) no worker has it yet',
    advice: 'Try again; if it has ended, start it again',
  },
} as const satisfies Record<number, RejectMeaning>;

export type RejectCode = keyof typeof rejectCodes;
