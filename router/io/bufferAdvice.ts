import { BUFFER_BYTES } from './packetIo.ts';

/** The command that raises the kernel's limits; undefined when both buffers are as large as they were asked for. */
export function bufferAdvice({ receive, send }: { receive: number; send: number }): string | undefined {
  const limits = [
    ...(receive < BUFFER_BYTES ? [`net.core.rmem_max=${BUFFER_BYTES}`] : []),
    ...(send < BUFFER_BYTES ? [`net.core.wmem_max=${BUFFER_BYTES}`] : []),
  ];
  return limits.length > 0 ? `sysctl -w ${limits.join(' ')}` : undefined;
}
