import type { Logger } from '../../common/createLogger.ts';
import { type Certificate, type CertificateFiles, readCertificate } from './readCertificate.ts';
import { warnOfExpiry } from './warnOfExpiry.ts';

const EVERY_MS = 5_000;

/**
 * Reads the certificate's files again every 5 s and hands a new pair on. Files are read, not watched: Kubernetes and certbot
 * replace a symbolic link somewhere above them, which no watcher of the file sees, and network file systems report nothing.
 * A pair that cannot be used is logged once, and the old one stays. Returns how to end it.
 * @param options.used the pair that is in use now
 */
export function followCertificate(options: {
  files: CertificateFiles;
  used: Certificate;
  use: (certificate: Certificate) => void;
  log: Logger;
  everyMs?: number;
}): () => void {
  const { files, log, everyMs = EVERY_MS } = options;
  let { used } = options;
  // The two files are replaced one after the other: what is wrong once may be half of a change.
  let fault = '';
  let logged = '';
  const look = async (): Promise<void> => {
    try {
      const found = await readCertificate(files);
      if (!found) throw new Error(`neither ${files.certFile} nor ${files.keyFile} exists`);
      if (found.cert !== used.cert || found.key !== used.key) {
        options.use(found);
        used = found;
        log.info(files, 'a new TLS certificate is in use; open connections keep the old one');
        warnOfExpiry(found, files, log);
      }
      fault = logged = '';
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (message === fault && message !== logged) {
        log.error({ ...files, err: error }, 'the new TLS certificate cannot be used; the old one stays in use');
        logged = message;
      }
      fault = message;
    }
  };
  let timer: NodeJS.Timeout;
  let ended = false;
  const schedule = (): void => {
    if (!ended) timer = setTimeout(() => void look().then(schedule), everyMs);
  };
  schedule();
  return () => {
    ended = true;
    clearTimeout(timer);
  };
}
