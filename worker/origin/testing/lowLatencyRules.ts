import { type ReadEdge, type ReadSegment, readEdge } from './readEdge.ts';

/** Decimals are rounded when they are written. */
const near = 0.00001;

type Rule = [section: string, breaks: (edge: ReadEdge, text: string) => string | undefined];

const attribute = (text: string, name: string): number =>
  Number(new RegExp(`[:,]${name}=([\\d.]+)`).exec(text)?.[1] ?? Number.NaN);
const partsOf = ({ segments }: ReadEdge) => segments.flatMap(segment => segment.parts);
const secondsOf = ({ seconds, parts }: ReadSegment): number =>
  seconds ?? parts.reduce((sum, part) => sum + part.seconds, 0);
const count = (text: string, tag: string): number => text.split('\n').filter(line => line.startsWith(`#${tag}`)).length;

/** Each MUST of RFC 8216bis for a media playlist of low latency that one version of it can show, by its section. */
const rules: readonly Rule[] = [
  ['4.3.1.1', (_, text) => (text.startsWith('#EXTM3U\n') ? undefined : 'it does not begin with EXTM3U')],
  ['4.4.3.1', ({ segments, target }) => segments.find(({ seconds = 0 }) => Math.round(seconds) > target)?.uri],
  ['4.4.3.7', edge => (partsOf(edge).length > 0 && !(edge.partTarget > 0) ? 'parts without PART-TARGET' : undefined)],
  ['4.4.3.8', ({ target }, text) => (attribute(text, 'CAN-SKIP-UNTIL') >= 6 * target ? undefined : 'CAN-SKIP-UNTIL')],
  [
    '4.4.3.8 PART-HOLD-BACK',
    ({ partTarget }, text) => {
      const isRight = Number.isNaN(partTarget) || attribute(text, 'PART-HOLD-BACK') >= 3 * partTarget - near;
      return isRight ? undefined : 'it is less than three part targets';
    },
  ],
  ['4.4.4.9 longest', edge => partsOf(edge).find(({ seconds }) => seconds > edge.partTarget + near)?.uri],
  [
    '4.4.4.9 shortest',
    edge =>
      edge.segments
        .flatMap(({ parts }) => parts.slice(0, -1))
        .find(({ seconds, isIndependent }) => !isIndependent && seconds < 0.85 * edge.partTarget - near)?.uri,
  ],
  [
    '4.4.4.9 order',
    (_, text) =>
      // DISCONTINUITY and PROGRAM-DATE-TIME of a segment come before its first part.
      /EXT-X-PART:[^\n]*\n(#EXT-X-PART:[^\n]*\n)*#EXT-X-(DISCONTINUITY\n|PROGRAM)/.exec(text)?.[0],
  ],
  ['4.4.4.9 first', edge => edge.segments.find(({ parts }) => parts.length > 0 && !parts[0]?.isIndependent)?.time],
  ['4.4.5.2', (_, text) => (count(text, 'EXT-X-SKIP') > 1 ? 'more than one EXT-X-SKIP' : undefined)],
  [
    '4.4.5.3',
    (edge, text) =>
      count(text, 'EXT-X-PRELOAD-HINT') > (edge.ended ? 0 : 1) || partsOf(edge).some(({ uri }) => uri === edge.hint)
        ? 'EXT-X-PRELOAD-HINT'
        : undefined,
  ],
  [
    '4.4.4.7 head',
    ({ segments }, text) => (segments[0]?.isGap && !text.includes('EXT-X-SKIP') ? 'a gap comes first' : undefined),
  ],
  [
    '6.2.2 parts',
    ({ segments, target }) => {
      let age = 0;
      for (const segment of segments.toReversed()) {
        age += secondsOf(segment);
        if (segment.parts.length > 0 && age > 3 * target + near) return `parts ${age} s before the end`;
      }
      return undefined;
    },
  ],
  ['B.1', ({ segments }) => (segments.every(({ time }) => time !== '') ? undefined : 'no PROGRAM-DATE-TIME')],
  ['B.1', (_, text) => (text.includes('CAN-BLOCK-RELOAD=YES') ? undefined : 'no CAN-BLOCK-RELOAD')],
];

/** The rules that this version breaks, each as its section and what breaks it. */
export function brokenRules(text: string): string[] {
  const edge = readEdge(text);
  return rules.flatMap(([section, breaks]) => {
    const what = breaks(edge, text);
    return what === undefined ? [] : [`${section}: ${what}`];
  });
}

/** What a version breaks of the promises that an earlier one has made (sections 6.2.1 and 6.2.2). */
export function brokenPromises(before: ReadEdge, after: ReadEdge): string[] {
  const broken: string[] = [];
  const check = (is: boolean, what: string): void => void (is || broken.push(what));
  const [first, next] = [before.segments[0]?.mediaSequence ?? 0, after.segments[0]?.mediaSequence ?? 0];
  check(next >= first, `MEDIA-SEQUENCE went back from ${first} to ${next}`);
  check(after.target === before.target, 'TARGETDURATION changed');
  check(Number.isNaN(before.partTarget) || after.partTarget === before.partTarget, 'PART-TARGET changed');
  for (const old of before.segments) {
    const now = after.segments.find(({ mediaSequence }) => mediaSequence === old.mediaSequence);
    if (now === undefined) continue;
    const what = `segment ${old.mediaSequence}`;
    check(old.uri === undefined || now.uri === old.uri, `${what}: another URI`);
    check(now.isGap || now.time === old.time, `${what}: another time`);
    check(now.discontinuity === old.discontinuity || now === after.segments[0], `${what}: another discontinuity`);
    const isOther = now.parts.length > 0 && old.parts.some(({ uri }, i) => now.parts[i]?.uri !== uri);
    check(!isOther, `${what}: other parts`);
  }
  const gone = before.segments.filter(({ mediaSequence }) => mediaSequence < next);
  const counted = before.discontinuitySequence + gone.filter(({ discontinuity }) => discontinuity).length;
  const isWhole = before.segments.some(({ mediaSequence }) => mediaSequence + 1 >= next);
  check(!isWhole || after.discontinuitySequence === counted, 'DISCONTINUITY-SEQUENCE is wrong');
  return broken;
}
