import { isIPv4, isIPv6, SocketAddress } from 'node:net';

/** sizeof(sockaddr_in6), the larger of the two. */
export const ADDRESS_BYTES = 28;

const MAC = process.platform === 'darwin';
const INET = 2;
const INET6 = MAC ? 30 : 10;

/** The C sockaddr of an IPv4 or IPv6 address. */
export function encodeAddress(ip: string, port: number): Buffer {
  const v6 = isIPv6(ip);
  if (!v6 && !isIPv4(ip)) throw new TypeError(`"${ip}" is not an IP address`);
  const bytes = Buffer.alloc(v6 ? ADDRESS_BYTES : 16);
  // BSDs put the length where Linux has the low byte of the family.
  if (MAC) bytes.set([bytes.length, v6 ? INET6 : INET]);
  else bytes.writeUInt16LE(v6 ? INET6 : INET);
  bytes.writeUInt16BE(port, 2);
  bytes.set(v6 ? ipv6Bytes(ip) : ip.split('.').map(Number), v6 ? 8 : 4);
  return bytes;
}

/** `1.2.3.4:5000` or `[2001:db8::1]:5000`; an IPv4 caller of a dual-stack listener is shown as IPv4. */
export function decodeAddress(bytes: Uint8Array): string {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const family = MAC ? data.readUInt8(1) : data.readUInt16LE(0);
  const port = data.readUInt16BE(2);
  if (family === INET) return `${data.subarray(4, 8).join('.')}:${port}`;
  if (family !== INET6) return 'unknown';
  const ip = data.subarray(8, 24);
  const mapped = ip.readUInt32BE(0) === 0 && ip.readUInt32BE(4) === 0 && ip.readUInt32BE(8) === 0xffff;
  if (mapped) return `${ip.subarray(12).join('.')}:${port}`;
  const groups = Array.from({ length: 8 }, (_, i) => ip.readUInt16BE(2 * i).toString(16)).join(':');
  return `[${new SocketAddress({ address: groups, family: 'ipv6' }).address}]:${port}`;
}

function ipv6Bytes(ip: string): number[] {
  // The URL parser writes every legal form (`::1`, `::ffff:1.2.3.4`) as hexadecimal groups.
  const text = new URL(`http://[${ip}]`).hostname.slice(1, -1);
  const [head = '', tail] = text.split('::');
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const left = groups(head);
  const right = groups(tail ?? '');
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0');
  return [...left, ...(tail === undefined ? [] : zeros), ...right].flatMap(group => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}
