/** An object's public URL: every part of the key percent-encoded, the slashes kept. */
export function objectUrl(base: string, key: string): string {
  return `${base}/${key.split('/').map(encodeURIComponent).join('/')}`;
}
