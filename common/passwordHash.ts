import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

/** RFC 7914's interactive parameters, doubled: about 60 ms and 32 MB a password. */
const COST = { ln: 15, r: 8, p: 1 };
const BYTES = 32;
const FORM = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{16,88})\$([A-Za-z0-9+/]{22,88})$/;
/** What a hash may cost to check: 128 MB. A larger one is a mistake in the file, or an attack by it. */
const MEMORY_MAX = 128 * 1024 ** 2;

const derive = promisify<string, Buffer, number, { N: number; r: number; p: number; maxmem: number }, Buffer>(scrypt);
const base64 = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');

/** `$scrypt$ln=15,r=8,p=1$<salt>$<hash>` (PHC string format, base64 without padding). */
export async function hashPassword(password: string): Promise<string> {
  const { ln, r, p } = COST;
  const salt = randomBytes(16);
  const hash = await derive(password, salt, BYTES, { N: 2 ** ln, r, p, maxmem: 2 * MEMORY_MAX });
  return `$scrypt$ln=${ln},r=${r},p=${p}$${base64(salt)}$${base64(hash)}`;
}

/** Whether a text is a hash that `verifyPassword` takes. */
export function isPasswordHash(text: string): boolean {
  const [, ln, r, p] = FORM.exec(text) ?? [];
  return 128 * 2 ** Number(ln) * Number(r) <= MEMORY_MAX && Number(ln) >= 10 && Number(r) >= 1 && Number(p) >= 1;
}

/** @param phc a text that `isPasswordHash` accepts; throws for any other */
export async function verifyPassword(password: string, phc: string): Promise<boolean> {
  const [, ln, r, p, salt = '', hash = ''] = isPasswordHash(phc) ? (FORM.exec(phc) ?? []) : [];
  if (hash === '') throw new TypeError('not a scrypt hash in PHC string format');
  const expected = Buffer.from(hash, 'base64');
  const options = { N: 2 ** Number(ln), r: Number(r), p: Number(p), maxmem: 2 * MEMORY_MAX };
  const given = await derive(password, Buffer.from(salt, 'base64'), expected.length, options);
  return timingSafeEqual(given, expected);
}
