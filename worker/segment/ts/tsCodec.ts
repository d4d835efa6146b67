export interface ElementaryStream {
  pid: number;
  kind: 'video' | 'audio' | 'other';
  /** FFmpeg's name of the codec; `type 0x..` when it is none that we know. */
  codec: string;
}

type Codec = Omit<ElementaryStream, 'pid'>;

const video = (codec: string): Codec => ({ kind: 'video', codec });
const audio = (codec: string): Codec => ({ kind: 'audio', codec });

/** stream_type of ISO 13818-1 table 2-34, and the ATSC types that FFmpeg accepts without a descriptor. */
const byStreamType: Readonly<Record<number, Codec>> = {
  1: video('mpeg1video'),
  2: video('mpeg2video'),
  16: video('mpeg4'),
  27: video('h264'),
  36: video('hevc'),
  234: video('vc1'),
  3: audio('mp2'),
  4: audio('mp2'),
  15: audio('aac'),
  17: audio('aac_latm'),
  129: audio('ac3'),
  135: audio('eac3'),
};

const byRegistration: Readonly<Record<string, Codec>> = {
  HEVC: video('hevc'),
  'AC-3': audio('ac3'),
  EAC3: audio('eac3'),
  Opus: audio('opus'),
  DTS1: audio('dts'),
  DTS2: audio('dts'),
  DTS3: audio('dts'),
  BSSD: audio('s302m'),
};

/** DVB descriptor tags on private PES data (ETSI EN 300 468). */
const byDescriptor: Readonly<Record<number, Codec>> = {
  106: audio('ac3'),
  122: audio('eac3'),
  123: audio('dts'),
};

const privateData = 6;
const registrationTag = 5;

/** The codec of a PMT entry, from its stream_type or, for private data, its descriptors. */
export function tsCodec(streamType: number, descriptors: Buffer): Codec {
  const known = byStreamType[streamType];
  if (known !== undefined) return known;
  if (streamType === privateData) {
    for (const { tag, body } of eachDescriptor(descriptors)) {
      const codec = tag === registrationTag ? byRegistration[body.toString('latin1', 0, 4)] : byDescriptor[tag];
      if (codec !== undefined) return codec;
    }
  }
  return { kind: 'other', codec: `type 0x${streamType.toString(16).padStart(2, '0')}` };
}

function* eachDescriptor(descriptors: Buffer): Generator<{ tag: number; body: Buffer }> {
  for (let at = 0; at + 2 <= descriptors.length; ) {
    const length = descriptors.readUInt8(at + 1);
    yield { tag: descriptors.readUInt8(at), body: descriptors.subarray(at + 2, at + 2 + length) };
    at += 2 + length;
  }
}
