/** Picture of the clock source: two rows of 16 blocks show a number of 32 bits, the first one top left. */
export const clockPicture = { width: 320, height: 180, block: 20, columns: 16, top: 60 } as const;

/** The lower 26 bits of a time in ms since 1970: 18 h. */
export const CLOCK_BITS = 26;
const CHECK_BITS = 6;

/** The time in `CLOCK_BITS` and a check sum of it in the other six bits. */
export function clockWord(ms: number): number {
  const time = ms % 2 ** CLOCK_BITS;
  return time * 2 ** CHECK_BITS + (time % 61);
}

/** A frame of 8-bit luma: the word in black and white blocks, and bars that move. @param into `width * height` bytes */
export function drawClock(into: Buffer, ms: number, frame: number): void {
  const { width, height, block, columns, top } = clockPicture;
  const word = clockWord(ms);
  for (let y = 0; y < height; y += 1) into.fill(40 + ((y + frame * 3) % 160), y * width, (y + 1) * width);
  for (let bit = 0; bit < 32; bit += 1) {
    const isSet = Math.floor(word / 2 ** (31 - bit)) % 2 === 1;
    const x = (bit % columns) * block;
    const y = top + Math.floor(bit / columns) * block;
    for (let row = y; row < y + block; row += 1) into.fill(isSet ? 235 : 16, row * width + x, row * width + x + block);
  }
}
