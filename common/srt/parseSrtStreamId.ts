/** What a caller asks for, as its stream id says it. */
export interface SrtRequest {
  /** `publish`, `request` ...; undefined when it does not say. */
  mode: string | undefined;
  resource: string;
  token: string | undefined;
}

const FIELDS: Readonly<Record<string, 'mode' | 'resource' | 'token'>> = {
  mode: 'mode',
  m: 'mode',
  rid: 'resource',
  r: 'resource',
  token: 'token',
};

/**
 * Reads `mode=publish,rid=<id>,token=<jwt>`, with `m` and `r` as other names and in any order, or the same after `#!::`
 * (SRT Access Control Guidelines). Text that some encoder has percent-encoded is read as well, and what a player or
 * encoder appends after a `#` is dropped. Undefined when no resource is named, or something is named twice.
 */
export function parseSrtStreamId(text: string): SrtRequest | undefined {
  const plain = text.trim();
  return parseFields(plain) ?? parseFields(decode(plain));
}

function parseFields(text: string): SrtRequest | undefined {
  const body = text.startsWith('#!::') ? text.slice(4) : text;
  const [list = ''] = body.split('#', 1);
  const found: Partial<Record<'mode' | 'resource' | 'token', string>> = {};
  for (const pair of list.split(',')) {
    const equals = pair.indexOf('=');
    const name = Object.hasOwn(FIELDS, pair.slice(0, equals)) ? FIELDS[pair.slice(0, equals)] : undefined;
    if (equals < 0 || name === undefined) continue;
    if (found[name] !== undefined) return undefined;
    found[name] = pair.slice(equals + 1);
  }
  if (!found.resource) return undefined;
  return { mode: found.mode, resource: found.resource, token: found.token };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A stray % is no encoding: the text stays what it is, and does not parse.
    return text;
  }
}
