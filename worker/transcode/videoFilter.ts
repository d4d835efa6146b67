import type { Rendition } from '../../common/config/encoding.ts';

/** Sizes this near in aspect are stretched: 854x480 is 16:9 too, and must not get black edges of one pixel. */
const sameAspect = 0.01;

interface Size {
  width: number;
  height: number;
}

/**
 * FFmpeg's -filter_complex: one decode, the first rendition made from the source, each next one scaled from the one
 * before it. The outputs are [v0], [v1], …; `input` is a stream specifier.
 * @param options.skipSeconds pictures begin so long after the first one
 * @param options.upload the form in which the encoder takes pictures, as filters; '': as they are
 */
export function videoFilter(
  input: string,
  renditions: readonly Rendition[],
  { upload = '', skipSeconds = 0 }: { upload?: string; skipSeconds?: number } = {},
): string {
  const last = renditions.length - 1;
  return renditions
    .map((rendition, i) => {
      const from = i === 0 ? `[${input}]` : `[s${i}]`;
      const before = renditions[i - 1];
      const chain =
        before === undefined
          ? skipped(skipSeconds) + fromSource(rendition)
          : fromRendition(sizeOf(rendition), sizeOf(before));
      const end = upload === '' ? '' : `,${upload}`;
      if (i === last) return `${from}${chain}${end}[v${i}]`;
      const output = upload === '' ? `[v${i}]` : `[p${i}]`;
      const uploaded = upload === '' ? '' : `;[p${i}]${upload}[v${i}]`;
      return `${from}${chain},split=2${output}[s${i + 1}]${uploaded}`;
    })
    .join(';');
}

/** A little less, for rounding: half a picture at 60 a second. */
const skipped = (seconds: number): string =>
  seconds > 0 ? `select=gte(t-start_t\\,${(seconds - 0.008).toFixed(6)}),` : '';

/** Pixels become square, the aspect ratio stays, missing area becomes black. */
function fromSource(rendition: Rendition): string {
  const size = sizeOf(rendition);
  const scaled = size === undefined ? freeScale(rendition) : boxScale(size);
  return `${scaled},format=yuv420p,setsar=1`;
}

function fromRendition(size: Size | undefined, before: Size | undefined): string {
  if (size === undefined || before === undefined) throw new Error('every rendition of a ladder needs width and height');
  const isAlike = Math.abs((before.width * size.height) / (before.height * size.width) - 1) < sameAspect;
  const scaled = isAlike ? `scale=${size.width}:${size.height}:flags=bilinear` : boxScale(size);
  return `${scaled},setsar=1`;
}

function sizeOf({ width, height }: Rendition): Size | undefined {
  return width === undefined || height === undefined ? undefined : { width, height };
}

function boxScale({ width, height }: Size): string {
  const near = `lt(abs(dar*${height}/${width}-1),${sameAspect})`;
  const w = `if(${near},${width},min(${width},${even(`${height}*dar`)}))`;
  const h = `if(${near},${height},min(${height},${even(`${width}/dar`)}))`;
  return `scale=w='${w}':h='${h}':flags=bilinear,pad=${width}:${height}:-1:-1:color=black`;
}

/** One of the two sizes, or none: the other one follows the source. */
function freeScale({ width, height, maxHeight }: Rendition): string {
  if (width !== undefined) return `scale=w=${width}:h='${even(`${width}/dar`)}':flags=bilinear`;
  const target = height ?? (maxHeight === undefined ? 'ih' : `min(ih,${maxHeight})`);
  return `scale=w='${even(`iw*sar*${target}/ih`)}':h='${even(`${target}`)}':flags=bilinear`;
}

/** 4:2:0 pictures have even sizes. */
const even = (expression: string): string => `max(2,trunc((${expression})/2)*2)`;
