import type { ReloadDirectives } from './reloadRule.ts';

/** What an API asks the origin for. */
export interface OriginRequest {
  streamId: string;
  file: string;
  /** Undefined: they break a rule. */
  directives: (ReloadDirectives & { skips: boolean }) | undefined;
}

/** `/<stream_id>/<file>` with the directives of a playlist (RFC 8216bis section 6.2.5). Undefined: the path is another. */
export function parseOriginRequest(path: string): OriginRequest | undefined {
  const [location = '', query = ''] = path.split('?', 2);
  const [, streamId, file] = /^\/([A-Za-z0-9_-]{1,64})\/([A-Za-z0-9_.-]{1,160})$/.exec(location) ?? [];
  if (streamId === undefined || file === undefined) return undefined;
  return { streamId, file, directives: parseDirectives(new URLSearchParams(query)) };
}

function parseDirectives(query: URLSearchParams): OriginRequest['directives'] {
  const numbers = ['_HLS_msn', '_HLS_part'].map(name => query.get(name));
  // A number of 15 digits is exact.
  if (numbers.some(text => text !== null && !/^\d{1,15}$/.test(text))) return undefined;
  const [mediaSequence, part] = numbers.map(text => (text === null ? undefined : Number(text)));
  return { mediaSequence, part, skips: ['YES', 'v2'].includes(query.get('_HLS_skip') ?? '') };
}
