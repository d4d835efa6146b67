import type { Response } from 'express';
import { caller } from './caller.ts';

/** The longest timer of Node: 24 days. */
const LONGEST_MS = 2 ** 31 - 1;

/** An answer that lasts ends when its key is revoked or expires: the caller asks again, and is refused. */
export function endWithKey(response: Response): void {
  const { key } = caller.of(response);
  if (!key) return;
  const end = (): void => void response.end();
  const leftMs = key.notAfter === undefined ? LONGEST_MS : key.notAfter - Date.now();
  const timer = setTimeout(end, Math.min(leftMs, LONGEST_MS)).unref();
  key.revoked.addEventListener('abort', end, { once: true });
  response.once('close', () => {
    clearTimeout(timer);
    key.revoked.removeEventListener('abort', end);
  });
}
