import { S3Error } from './s3Error.ts';

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };

/** One element; strings are escaped, arrays are elements that are XML already. */
export function element(name: string, content: string | number | boolean | readonly string[]): string {
  const inner = Array.isArray(content) ? content.join('') : String(content).replace(/[&<>"']/g, c => escapes[c] ?? c);
  return `<${name}>${inner}</${name}>`;
}

export const xmlDocument = (root: string): string => `<?xml version="1.0" encoding="UTF-8"?>\n${root}`;

/** The keys of a DeleteObjects request, and whether it wants to hear of failures only. */
export function parseDeleteRequest(body: string): { keys: string[]; quiet: boolean } {
  const objects = [...body.matchAll(/<Object>(.*?)<\/Object>/gs)].map(([, inner = '']) => inner);
  const keys = objects.map(inner => /<Key>(.+?)<\/Key>/s.exec(inner)?.[1]);
  if (!/<Delete[\s>]/.test(body) || keys.length === 0 || keys.length > 1_000 || keys.includes(undefined)) {
    throw new S3Error(400, 'MalformedXML', 'The XML is not well-formed, or names no object or more than 1,000.');
  }
  return { keys: keys.filter(key => key !== undefined).map(unescapeXml), quiet: /<Quiet>true<\/Quiet>/.test(body) };
}

function unescapeXml(text: string): string {
  const named = Object.entries(escapes).map(([char, entity]) => [entity, char] as const);
  return text.replace(/&(#x[0-9a-f]+|#\d+|\w+);/gi, entity => {
    const code = /^&#(x?)([0-9a-f]+);$/i.exec(entity);
    if (code) return String.fromCodePoint(Number.parseInt(code[2] ?? '', code[1] ? 16 : 10));
    return named.find(([known]) => known === entity)?.[1] ?? entity;
  });
}
