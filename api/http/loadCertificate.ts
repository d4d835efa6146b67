import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import type { Logger } from '../../common/createLogger.ts';
import { AppError } from '../../common/errors.ts';
import { makeCertificate } from './makeCertificate.ts';

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
 * The certificate and key of TLS_CERT_FILE and TLS_KEY_FILE. When neither exists, a self-signed pair for this host is
 * made there first. Throws `config_invalid` when one is missing, unreadable, or they do not belong together.
 */
export async function loadCertificate(files: CertificateFiles, log: Logger): Promise<Certificate> {
  let [cert, key] = await readPair(files);
  if (cert === undefined && key === undefined) {
    if (await makeCertificate({ ...files, names: ['localhost', hostname()], ips: ['127.0.0.1', '::1'] })) {
      log.warn(files, 'made a self-signed certificate; browsers ask before they trust it');
    }
    [cert, key] = await readPair(files);
  }
  // Another process that starts at the same time writes the key first and the certificate a moment later.
  for (let tries = 0; (cert === undefined) !== (key === undefined) && tries < 20; tries += 1) {
    await wait(50);
    [cert, key] = await readPair(files);
  }
  if (cert === undefined) throw missing('TLS_CERT_FILE', files.certFile, files.keyFile);
  if (key === undefined) throw missing('TLS_KEY_FILE', files.keyFile, files.certFile);
  checkPair(cert, key, files, log);
  return { cert, key };
}

function missing(name: string, file: string, other: string): AppError {
  return new AppError(
    'config_invalid',
    `${name}: ${file} does not exist, but ${other} does; put it there or remove both`,
  );
}

function checkPair(cert: string, key: string, files: CertificateFiles, log: Logger): void {
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
  if (certificate.validToDate.getTime() < Date.now()) {
    log.warn(
      { certFile: files.certFile, validTo: certificate.validTo },
      'the TLS certificate has expired; clients will refuse it',
    );
  }
}

function parse<Parsed>(make: () => Parsed, name: string, file: string, what: string): Parsed {
  try {
    return make();
  } catch (error) {
    throw new AppError('config_invalid', `${name}: ${file} must hold a PEM ${what}`, { cause: error });
  }
}

async function readPair(files: CertificateFiles): Promise<[string | undefined, string | undefined]> {
  return [await readIfThere('TLS_CERT_FILE', files.certFile), await readIfThere('TLS_KEY_FILE', files.keyFile)];
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
