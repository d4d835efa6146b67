import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export interface Calls {
  /** How many calls ended with each reject code; code 0: let in. */
  codes: Record<string, number>;
  /** How long they took altogether. */
  seconds: number;
}

export interface Encryption {
  passphrase: string;
  /** SRTO_PBKEYLEN. Default: libsrt's own. */
  pbkeylen?: 16 | 24 | 32;
}

const run = promisify(execFile);
const script = fileURLToPath(new URL('./callerProcess.ts', import.meta.url));

/** Calls an SRT listener on 127.0.0.1 again and again, from a process of its own, and hangs up when it is let in. */
export async function callRepeatedly(options: {
  port: number;
  streamId: string;
  times: number;
  perSecond?: number;
  /** With which AES key (bytes) the caller encrypts; absent: it does not. */
  encryption?: Encryption;
  signal?: AbortSignal;
}): Promise<Calls> {
  const { port, streamId, times, perSecond, encryption } = options;
  const secret = [encryption?.passphrase ?? '', String(encryption?.pbkeylen ?? 0)];
  const args = [script, String(port), streamId, String(times), String(perSecond ?? 0), ...secret];
  const { stdout } = await run(process.execPath, args, { signal: options.signal });
  return JSON.parse(stdout) as Calls;
}

/** One call: the reject code, 0 when it was let in. */
export async function callOnce(port: number, streamId: string, encryption?: Encryption): Promise<number> {
  const { codes } = await callRepeatedly({ port, streamId, times: 1, ...(encryption ? { encryption } : {}) });
  return Number(Object.keys(codes)[0]);
}
