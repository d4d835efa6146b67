import { describe, expect, test } from 'vitest';
import { profileConflict, profileOf, resolveProfile } from './streamProfile.ts';

describe('resolveProfile', () => {
  test.each([
    [{}, 'auto', 'transcode'],
    [{ profile: null, abr: null }, 'auto', 'transcode'],
    [{ abr: false }, 'auto', 'transcode'],
    [{ abr: true }, 'auto', 'ladder'],
    [{ profile: 'auto', abr: true }, 'auto', 'ladder'],
    [{ profile: 'passthrough' }, 'ladder', 'passthrough'],
    [{ profile: 'ladder-source', abr: true }, 'auto', 'ladder-source'],
    [{}, 'passthrough', 'passthrough'],
    [{ profile: 'auto' }, 'ladder-source', 'ladder-source'],
    [{ abr: true }, 'passthrough', 'ladder'],
    [{ abr: false }, 'passthrough', 'passthrough'],
  ] as const)('%o with DEFAULT_PROFILE=%s is %s', (request, fallback, profile) => {
    expect(profileConflict(request)).toBeUndefined();
    expect(resolveProfile(request, fallback)).toBe(profile);
  });
});

test.each([
  [{ profile: 'transcode', abr: true }, 'transcode contradicts abr: true; leave abr out, or set it to false'],
  [{ profile: 'passthrough', abr: true }, 'passthrough contradicts abr: true; leave abr out, or set it to false'],
  [{ profile: 'ladder', abr: false }, 'ladder contradicts abr: false; leave abr out, or set it to true'],
  [{ profile: 'ladder-source', abr: false }, 'ladder-source contradicts abr: false; leave abr out, or set it to true'],
] as const)('%o is a contradiction', (request, rule) => {
  expect(profileConflict(request)).toBe(rule);
});

test.each([
  [{ profile: 'passthrough', abr: '0' }, 'passthrough'],
  [{ profile: null, abr: '1' }, 'ladder'],
  [{ abr: '0' }, 'transcode'],
  [{ profile: 'broken', abr: null }, 'transcode'],
] as const)('a record with %o is of profile %s', (fields, profile) => expect(profileOf(fields)).toBe(profile));
