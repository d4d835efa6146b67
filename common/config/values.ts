import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { z } from 'zod';

/** A switch: on/off, true/false, 1/0, yes/no. */
export const onOff = z
  .string()
  .toLowerCase()
  .pipe(z.enum(['on', 'true', '1', 'yes', 'off', 'false', '0', 'no'], { error: 'must be on or off' }))
  .transform(word => ['on', 'true', '1', 'yes'].includes(word));

/** A number of pixels, or `<width>x<height>`, each rounded up to whole macroblocks (16), as pictures are coded. */
export const pixelCount = z
  .string()
  .regex(/^\d{1,5}x\d{1,5}$|^\d{1,9}$/, 'must be <width>x<height> or a number of pixels, e.g. 4096x2304')
  .transform(text => {
    const [width = 0, height] = text.split('x').map(Number);
    return height === undefined ? width : 256 * Math.ceil(width / 16) * Math.ceil(height / 16);
  })
  .refine(pixels => pixels >= 16_384, { error: 'must be at least 128x128' });

/** A range of UDP ports, `first-last` or a single port. */
export const portRange = z
  .string()
  .regex(/^\d{1,5}(-\d{1,5})?$/, 'must be <first>-<last>, e.g. 20000-20999')
  .transform(text => {
    const [first = 0, last = first] = text.split('-').map(Number);
    return { first, last };
  })
  .refine(({ first, last }) => first >= 1 && first <= last && last <= 65_535, {
    error: 'must lie within 1-65535, the first port not above the last',
  });

/** JSON text, or the path of a file that holds it, checked against `schema`. */
export function json<Schema extends z.ZodType>(schema: Schema) {
  return z
    .string()
    .transform((text, context) => {
      try {
        return JSON.parse(/^\s*[[{]/.test(text) ? text : readFileSync(text, 'utf8')) as unknown;
      } catch {
        context.addIssue({ code: 'custom', message: 'must be JSON, or the path of a file that holds JSON' });
        return z.NEVER;
      }
    })
    .pipe(schema);
}

/** The path of a file with certificates (PEM); the value is its text. */
export const certificates = z.string().transform((path, context) => {
  try {
    const text = readFileSync(path, 'utf8');
    if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  } catch {
    // Refused below.
  }
  context.addIssue({ code: 'custom', message: 'must be the path of a file with certificates (PEM)' });
  return z.NEVER;
});

const RANGE_NAMES = ['loopback', 'linklocal', 'uniquelocal'];

/** IP addresses and ranges of them, comma-separated, as Express takes them for `trust proxy`. */
export const addressRanges = z
  .string()
  .transform(text => text.split(',').map(part => part.trim()))
  .refine(list => list.every(isRange), {
    error: `must be IP addresses or ranges, comma-separated, e.g. 10.0.0.0/8,fd00::/8 (also ${RANGE_NAMES.join(', ')})`,
  });

function isRange(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/');
  const version = isIP(address);
  if (version === 0) return RANGE_NAMES.includes(text);
  if (more.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}

/** How many streams have series of their own in the metrics. */
export const streamMetrics = z.union(
  [z.enum(['off', 'on']), z.string().regex(/^\d+$/).transform(Number).pipe(z.int().min(1).max(2_000))],
  { error: 'must be off, on, or a number of streams from 1 to 2000' },
);

/** A scheme, a host whose first part may be `*`, and a port (`*`: any) where it is not the scheme's: a `host-source` of CSP. */
const SITE = /^https?:\/\/(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*(:(\d{1,5}|\*))?$/i;

/** Origins of sites, comma-separated, or `*` for every site. */
export const siteOrigins = z
  .string()
  .transform(text => text.split(',').map(part => part.trim()))
  .refine(list => list.every(part => SITE.test(part)) || (list.length === 1 && list[0] === '*'), {
    error: 'must be origins, comma-separated, e.g. https://example.com,https://*.example.org; or * for every site',
  });
