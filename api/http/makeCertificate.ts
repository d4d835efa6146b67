import { randomBytes } from 'node:crypto';
import { link, mkdir, unlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError } from '../../common/errors.ts';

const DAY_MS = 86_400_000;
/** The longest life that Apple's platforms accept of a certificate a user trusts by hand. */
const VALID_DAYS = 825;

/**
 * Makes a self-signed server certificate (ECDSA P-256) and its key, the key readable by its owner only. Each file appears
 * whole or not at all. Of several processes that try at once one wins; false: it was another.
 */
export async function makeCertificate(options: {
  certFile: string;
  keyFile: string;
  names: readonly string[];
  ips: readonly string[];
}): Promise<boolean> {
  // Needed on the very first start only, and slow to load.
  const { generate } = await import('selfsigned');
  const now = Date.now();
  const pair = await generate([{ name: 'commonName', value: options.names[0] ?? 'localhost' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notBeforeDate: new Date(now),
    notAfterDate: new Date(now + VALID_DAYS * DAY_MS),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          ...[...new Set(options.names)].map(value => ({ type: 2, value }) as const),
          ...options.ips.map(ip => ({ type: 7, ip }) as const),
        ],
      },
    ],
  });
  try {
    if (!(await writeNew(options.keyFile, pair.private, 0o600))) return false;
    await writeNew(options.certFile, pair.cert, 0o644);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const message = `TLS_CERT_FILE, TLS_KEY_FILE: a certificate cannot be written to ${options.certFile} (${code}); name files that exist, make the folder writable, or set TLS=off`;
    throw new AppError('config_invalid', message, { cause: error });
  }
}

/** Writes a file that must not exist yet; false when it does. A hard link, since a rename would replace another's. */
async function writeNew(file: string, text: string, mode: number): Promise<boolean> {
  await mkdir(dirname(file), { recursive: true });
  const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`;
  await writeFile(temporary, text, { mode, flag: 'wx' });
  try {
    await link(temporary, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await unlink(temporary);
  }
}
