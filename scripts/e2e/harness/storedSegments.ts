import type { S3Double } from '../s3/s3Double.ts';

/** Which segments of a stream were ever stored in the S3 double, whatever was deleted since. */
export class StoredSegments {
  readonly #s3: S3Double;
  readonly #name: RegExp;
  readonly #numbers: Set<number>[];
  #read = 0;

  /** @param renditions of its ladder */
  constructor(s3: S3Double, streamId: string, renditions: number) {
    this.#s3 = s3;
    this.#name = new RegExp(`^${streamId}/${streamId}_(\\d)_(\\d+)\\.ts$`);
    this.#numbers = Array.from({ length: renditions }, () => new Set<number>());
  }

  /** The highest number of any rendition; -1: none. */
  highest(): number {
    this.#look();
    return Math.max(-1, ...this.#numbers.flatMap(numbers => [...numbers]));
  }

  /** `<rendition>/<number>` of what is not stored, from 0 to `last` (default: the highest that is). */
  missing(last = this.highest()): string[] {
    this.#look();
    return this.#numbers.flatMap((numbers, rendition) =>
      Array.from({ length: last + 1 }, (_, number) => number)
        .filter(number => !numbers.has(number))
        .map(number => `${rendition}/${number}`),
    );
  }

  #look(): void {
    for (const { method, key, status } of this.#s3.requests.slice(this.#read)) {
      const [, rendition, number] = this.#name.exec(key) ?? [];
      if (method === 'PUT' && status === 200) this.#numbers[Number(rendition)]?.add(Number(number));
    }
    this.#read = this.#s3.requests.length;
  }
}
