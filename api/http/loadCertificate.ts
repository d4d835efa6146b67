import { hostname } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import type { Logger } from '../../common/createLogger.ts';
import { makeCertificate } from './makeCertificate.ts';
import { type Certificate, type CertificateFiles, readCertificate } from './readCertificate.ts';
import { warnOfExpiry } from './warnOfExpiry.ts';

const TRIES = 20;
const PAUSE_MS = 50;

/**
 * The certificate to start with. When neither of its files exists, a self-signed pair for this host is made there first.
 * Throws `config_invalid`, as readCertificate does.
 */
export async function loadCertificate(files: CertificateFiles, log: Logger): Promise<Certificate> {
  const found = await readSoon(files);
  if (found) {
    warnOfExpiry(found, files, log);
    return found;
  }
  if (await makeCertificate({ ...files, names: ['localhost', hostname()], ips: ['127.0.0.1', '::1'] })) {
    log.warn(files, 'made a self-signed certificate; browsers ask before they trust it');
  }
  return loadCertificate(files, log);
}

/** Another process that starts at the same time writes the key first and the certificate a moment later. */
async function readSoon(files: CertificateFiles): Promise<Certificate | undefined> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await readCertificate(files);
    } catch (error) {
      if (!('missing' in (error as Error)) || tries === TRIES) throw error;
      await wait(PAUSE_MS);
    }
  }
}
