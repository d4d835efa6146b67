import type { Variables } from './variables.ts';

/** Where segments and playlists go. `publicUrl` has no slash at its end; an object's URL is `<publicUrl>/<key>`. */
export type StorageConfig =
  | { kind: 'file'; dir: string; publicUrl: string }
  | {
      kind: 's3';
      endpoint: string;
      region: string;
      bucket: string;
      accessKey: string;
      secretKey: string;
      publicUrl: string;
    };

/**
 * STORAGE, or what the variables amount to: the store is r2 when R2 variables are set, else the folder.
 * @param options.keys false: for a process that only names the store's public address; what else it is given of the store may be ''
 */
export function findStorage(v: Variables, options: { keys: boolean }): { config?: StorageConfig; problems: string[] } {
  // Any of them is enough: if another one is missing that is an error, and the segments do not go to a folder instead.
  const anyR2 = [v.R2_ACCOUNT_ID, v.R2_ACCESS_KEY, v.R2_SECRET_KEY].some(value => value !== undefined);
  const wantsR2 = v.STORAGE === 'r2' || (v.STORAGE === undefined && anyR2);
  if (!wantsR2) {
    const api = v.API_PUBLIC_URL ?? `${v.TLS ? 'https' : 'http'}://localhost:${v.API_PORT}`;
    const publicUrl = trim(v.CLOUDFLARE_PUBLIC_URL ?? `${trim(api)}/video`);
    return { config: { kind: 'file', dir: v.OUTPUT_DIR, publicUrl }, problems: [] };
  }
  const problems: string[] = [];
  const endpoint = v.S3_ENDPOINT ?? (v.R2_ACCOUNT_ID && `https://${v.R2_ACCOUNT_ID}.r2.cloudflarestorage.com`);
  if (!endpoint && options.keys)
    problems.push('R2_ACCOUNT_ID: must be set for R2 storage (or S3_ENDPOINT for another S3 store)');
  const need = (name: 'R2_ACCESS_KEY' | 'R2_SECRET_KEY' | 'BUCKET_NAME' | 'CLOUDFLARE_PUBLIC_URL'): string => {
    if (!v[name] && (options.keys || name === 'CLOUDFLARE_PUBLIC_URL'))
      problems.push(`${name}: must be set for R2 storage`);
    return v[name] ?? '';
  };
  const config: StorageConfig = {
    kind: 's3',
    endpoint: endpoint ?? '',
    region: v.S3_REGION,
    bucket: need('BUCKET_NAME'),
    accessKey: need('R2_ACCESS_KEY'),
    secretKey: need('R2_SECRET_KEY'),
    publicUrl: trim(need('CLOUDFLARE_PUBLIC_URL')),
  };
  return problems.length > 0 ? { problems } : { config, problems };
}

const trim = (url: string): string => url.replace(/\/+$/, '');
