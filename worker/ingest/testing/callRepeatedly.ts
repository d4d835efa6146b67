import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export interface Calls {
  /** How many calls ended with each reject code; code 0: let in. */
  codes: Record<string, number>;
  /** How long they took altogether. */
  seconds: number;
}

const run = promisify(execFile);
const script = fileURLToPath(new URL('./callerProcess.ts', import.meta.url));

/** Calls an SRT listener on 127.0.0.1 again and again, from a process of its own, and hangs up when it is let in. */
export async function callRepeatedly(options: {
  port: number;
  streamId: string;
  times: number;
  perSecond?: number;
  signal?: AbortSignal;
}): Promise<Calls> {
  const { port, streamId, times, perSecond } = options;
  const args = [script, String(port), streamId, String(times), String(perSecond ?? 0)];
  const { stdout } = await run(process.execPath, args, { signal: options.signal });
  return JSON.parse(stdout) as Calls;
}

/** One call: the reject code, 0 when it was let in. */
export async function callOnce(port: number, streamId: string): Promise<number> {
  const { codes } = await callRepeatedly({ port, streamId, times: 1 });
  return Number(Object.keys(codes)[0]);
}
