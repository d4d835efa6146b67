/** A worker's origin could not be reached, or its connection broke before the answer was whole: another one may have the stream by now. */
export class OriginGone extends Error {
  override readonly name = 'OriginGone';
}
