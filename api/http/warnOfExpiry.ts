import { X509Certificate } from 'node:crypto';
import type { Logger } from '../../common/createLogger.ts';
import type { Certificate, CertificateFiles } from './readCertificate.ts';

/** A certificate that has expired is used all the same: a service with a warning is better than none. */
export function warnOfExpiry({ cert }: Certificate, { certFile }: CertificateFiles, log: Logger): void {
  const { validTo, validToDate } = new X509Certificate(cert);
  if (validToDate.getTime() >= Date.now()) return;
  log.warn({ certFile, validTo }, 'the TLS certificate has expired; clients will refuse it');
}
