import { getSystemErrorName } from 'node:util';

/** What Node would throw for a failed call of the C library. */
export function systemError(call: string, errno: number): NodeJS.ErrnoException {
  const code = errno > 0 ? getSystemErrorName(-errno) : 'UNKNOWN';
  return Object.assign(new Error(`${call} failed: ${code}`), { code, errno, syscall: call });
}
