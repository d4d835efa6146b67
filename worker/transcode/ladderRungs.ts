import type { Rendition } from '../../common/config/encoding.ts';

export interface Size {
  width: number;
  height: number;
}

/** Renditions this near in height, at rates this near, cannot be told apart. */
const SAME_HEIGHT = 0.9;
const SAME_RATE = 0.8;
/** A rendition below a copied picture is worth making when it is smaller than this. */
const BELOW_COPY = 0.85;

/**
 * Which renditions of a ladder are encoded for a source, as places in the ladder. None is larger than the source; the smallest is
 * always there. Pure.
 * @param size of the source; undefined: not known, all are made
 * @param made what viewers have already: those go on
 */
export function encodedRungs(ladder: readonly Rendition[], size: Size | undefined, made: readonly number[]): number[] {
  const places = [...ladder.keys()];
  const fitting = places.filter(place => size === undefined || heightOf(ladder, place) <= size.height);
  const wanted = fitting.length > 0 ? fitting : places.slice(-1);
  return united(distinct(ladder, wanted), made);
}

/**
 * The same where the source's own picture is the first rendition: it takes the place above the largest one that is clearly
 * smaller. Undefined: the source is larger than the ladder's top, and does not fit.
 */
export function rungsBelowCopy(
  ladder: readonly Rendition[],
  size: Size | undefined,
  made: readonly number[],
): number[] | undefined {
  if (size === undefined) return [...ladder.keys()];
  const below = [...ladder.keys()].filter(place => heightOf(ladder, place) <= BELOW_COPY * size.height);
  const top = (below[0] ?? ladder.length) - 1;
  return top < 0 ? undefined : united([top, ...distinct(ladder, below)], made);
}

/** A rendition's size for a source: no larger than that, in even numbers. */
export function limitedTo(rendition: Rendition, size: Size | undefined): Rendition {
  const { width, height } = rendition;
  if (size === undefined || width === undefined || height === undefined || height <= size.height) return rendition;
  const limited = Math.max(2, Math.floor(size.height / 2) * 2);
  return { ...rendition, height: limited, width: Math.max(2, Math.round((width * limited) / height / 2) * 2) };
}

const heightOf = (ladder: readonly Rendition[], place: number): number => ladder[place]?.height ?? 0;

function distinct(ladder: readonly Rendition[], places: readonly number[]): number[] {
  const kept: number[] = [];
  for (const place of places) {
    const before = ladder[kept.at(-1) ?? -1];
    const rung = ladder[place];
    const isSame =
      before !== undefined &&
      rung !== undefined &&
      (rung.height ?? 0) > SAME_HEIGHT * (before.height ?? 0) &&
      rung.video > SAME_RATE * before.video;
    if (!isSame) kept.push(place);
  }
  return kept;
}

const united = (a: readonly number[], b: readonly number[]): number[] =>
  [...new Set([...a, ...b])].toSorted((x, y) => x - y);
