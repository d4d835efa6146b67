/** What a media playlist of low latency lists, for tests: parts by their segment. */
export interface ReadEdge {
  text: string;
  target: number;
  partTarget: number;
  ended: boolean;
  hint: string | undefined;
  discontinuitySequence: number;
  segments: ReadSegment[];
}

export interface ReadSegment {
  mediaSequence: number;
  /** Undefined: it is open. */
  uri: string | undefined;
  seconds: number | undefined;
  discontinuity: boolean;
  isGap: boolean;
  time: string;
  parts: { uri: string; seconds: number; isIndependent: boolean }[];
}

export function readEdge(text: string): ReadEdge {
  const value = (tag: string): string => new RegExp(`^#${tag}:(.*)$`, 'm').exec(text)?.[1] ?? '';
  const skipped = Number(/SKIPPED-SEGMENTS=(\d+)/.exec(text)?.[1] ?? 0);
  let mediaSequence = Number(value('EXT-X-MEDIA-SEQUENCE')) + skipped;
  const segments: ReadSegment[] = [];
  const fresh = (): ReadSegment => ({
    ...{ mediaSequence, uri: undefined, seconds: undefined, discontinuity: false, isGap: false, time: '', parts: [] },
  });
  let segment = fresh();
  for (const line of text.split('\n')) {
    const part = /^#EXT-X-PART:DURATION=([\d.]+),URI="([^"]+)"(,INDEPENDENT=YES)?$/.exec(line);
    if (part)
      segment.parts.push({ seconds: Number(part[1]), uri: part[2] ?? '', isIndependent: part[3] !== undefined });
    else if (line === '#EXT-X-DISCONTINUITY') segment.discontinuity = true;
    else if (line === '#EXT-X-GAP') segment.isGap = true;
    else if (line.startsWith('#EXT-X-PROGRAM-DATE-TIME:')) segment.time = line.slice(25);
    else if (line.startsWith('#EXTINF:')) segment.seconds = Number.parseFloat(line.slice(8));
    else if (line !== '' && !line.startsWith('#')) {
      segments.push({ ...segment, uri: line });
      mediaSequence += 1;
      segment = fresh();
    }
  }
  if (segment.parts.length > 0) segments.push(segment);
  return {
    ...{ text, segments, ended: text.includes('#EXT-X-ENDLIST') },
    target: Number(value('EXT-X-TARGETDURATION')),
    partTarget: Number(/PART-TARGET=([\d.]+)/.exec(text)?.[1]),
    hint: /^#EXT-X-PRELOAD-HINT:TYPE=PART,URI="([^"]+)"$/m.exec(text)?.[1],
    discontinuitySequence: Number(value('EXT-X-DISCONTINUITY-SEQUENCE')),
  };
}
