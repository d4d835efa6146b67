interface Units {
  /** Whether a decoder can begin at a picture that has this unit; the byte follows the start code. */
  begins(byte: number): boolean;
  /** Whether this unit is a part of the picture itself: sizes come before it. */
  isSlice(byte: number): boolean;
  /** Whether this unit holds the picture's size. */
  hasSize(byte: number): boolean;
  /** So many bytes from the start code on cover profile and size, and leave out what a change of bit rate changes. */
  sizeBytes: number;
}

const mpeg: Units = {
  begins: byte => byte === 0xb3,
  isSlice: byte => byte >= 1 && byte <= 0xaf,
  hasSize: byte => byte === 0xb3,
  sizeBytes: 5,
};

/** H.264 table 7-1 (IDR 5, SPS 7), HEVC table 7-1 (IRAP 16-21, VPS 32, SPS 33), sequence headers of the older ones. */
export const unitsOf: Readonly<Record<string, Units>> = {
  h264: {
    begins: byte => [5, 7].includes(byte & 0x1f),
    isSlice: byte => (byte & 0x1f) >= 1 && (byte & 0x1f) <= 5,
    hasSize: byte => (byte & 0x1f) === 7,
    sizeBytes: 12,
  },
  hevc: {
    begins: byte => (hevcType(byte) >= 16 && hevcType(byte) <= 21) || [32, 33].includes(hevcType(byte)),
    isSlice: byte => hevcType(byte) < 32,
    hasSize: byte => hevcType(byte) === 33,
    sizeBytes: 21,
  },
  mpeg1video: mpeg,
  mpeg2video: mpeg,
};

const startCode = Buffer.from([0, 0, 1]);

/**
 * What the first bytes of a picture's PES payload show: whether a decoder can begin there (for encoders that leave
 * random_access_indicator unset), and a fingerprint of the picture's format, when both lie in those bytes.
 */
export function pictureStart(codec: string, payload: Buffer): { isRandomAccess: boolean; format: string | undefined } {
  const units = unitsOf[codec];
  let isRandomAccess = false;
  let format: string | undefined;
  if (units === undefined) return { isRandomAccess, format };
  for (let at = payload.indexOf(startCode); at >= 0; at = payload.indexOf(startCode, at + 3)) {
    const unit = payload[at + 3];
    if (unit === undefined) break;
    isRandomAccess ||= units.begins(unit);
    const end = at + 3 + units.sizeBytes;
    if (units.hasSize(unit) && end <= payload.length) format ??= payload.toString('hex', at + 3, end);
  }
  return { isRandomAccess, format };
}

function hevcType(byte: number): number {
  return (byte >> 1) & 0x3f;
}
