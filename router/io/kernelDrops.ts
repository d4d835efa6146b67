import { readFileSync } from 'node:fs';

/** Packets that the kernel dropped because a UDP port's buffer was full (proc(5), /proc/net/udp); 0 where that is not known. */
export function kernelDrops(port: number): number {
  try {
    const end = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
    const table = readFileSync('/proc/self/net/udp', 'utf8') + readFileSync('/proc/self/net/udp6', 'utf8');
    const lines = table.split('\n').map(line => line.trim().split(/\s+/));
    return lines.reduce((sum, line) => sum + (line[1]?.endsWith(end) ? Number(line.at(-1)) || 0 : 0), 0);
  } catch {
    return 0;
  }
}
