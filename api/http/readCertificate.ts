import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { AppError } from '../../common/errors.ts';

export interface CertificateFiles {
  certFile: string;
  keyFile: string;
}

export interface Certificate {
  /** PEM. */
  cert: string;
  /** PEM. */
  key: string;
}

/**
 * The certificate and key of TLS_CERT_FILE and TLS_KEY_FILE; undefined when neither exists. Throws `config_invalid` when one is
 * missing (`missing` names its variable), unreadable, or when they do not belong together.
 */
export async function readCertificate(files: CertificateFiles): Promise<Certificate | undefined> {
  const cert = await readIfThere('TLS_CERT_FILE', files.certFile);
  const key = await readIfThere('TLS_KEY_FILE', files.keyFile);
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined) throw missing('TLS_CERT_FILE', files.certFile, files.keyFile);
  if (key === undefined) throw missing('TLS_KEY_FILE', files.keyFile, files.certFile);
  checkPair(cert, key, files);
  return { cert, key };
}

function missing(name: string, file: string, other: string): AppError {
  const message = `${name}: ${file} does not exist, but ${other} does; put it there or remove both`;
  return Object.assign(new AppError('config_invalid', message), { missing: name });
}

function checkPair(cert: string, key: string, files: CertificateFiles): void {
  const certificate = parse(() => new X509Certificate(cert), 'TLS_CERT_FILE', files.certFile, 'certificate');
  const privateKey = parse(
    () => createPrivateKey(key),
    'TLS_KEY_FILE',
    files.keyFile,
    'private key without passphrase',
  );
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new AppError('config_invalid', `TLS_KEY_FILE: ${files.keyFile} is not the key of ${files.certFile}`);
  }
}

function parse<Parsed>(make: () => Parsed, name: string, file: string, what: string): Parsed {
  try {
    return make();
  } catch (error) {
    throw new AppError('config_invalid', `${name}: ${file} must hold a PEM ${what}`, { cause: error });
  }
}

async function readIfThere(name: string, file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new AppError('config_invalid', `${name}: ${file} cannot be read (${code})`, { cause: error });
  }
}
