import type { Rendition, VideoEncoder } from '../../common/config/encoding.ts';

/** What an encoder needs of FFmpeg's command line, besides the key frames, which are the same for all. */
export interface EncoderOptions {
  /** Before the input: the device that encodes. */
  device: readonly string[];
  /** The end of each rendition's filters: the form of the pictures that the encoder takes. */
  upload: string;
  /** For each output: codec, rate, no B-frames. */
  args: (rendition: Rendition, speed: { preset: string; threads: number }) => string[];
}

const rate = ({ video, maxrate = video, bufsize = video * 2 }: Rendition): string[] => [
  ...['-b:v', `${video}k`, '-maxrate', `${maxrate}k`, '-bufsize', `${bufsize}k`],
];
const isConstant = ({ video, maxrate = video }: Rendition): boolean => maxrate === video;
/** Segments are cut where key frames are forced, so these have to be IDR; B-frames would delay the picture. */
const high = ['-profile:v', 'high', '-bf', '0'];
const RENDER_NODE = '/dev/dri/renderD128';
/** The presets that QSV has too; its fastest is veryfast. */
const qsvPreset = (preset: string): string => (/^(ultra|super)fast$/.test(preset) ? 'veryfast' : preset);

const encoders: Record<VideoEncoder, EncoderOptions> = {
  libx264: {
    device: [],
    upload: '',
    args: (rendition, { preset, threads }) => [
      ...['-c:v', 'libx264', '-preset', preset, '-tune', 'zerolatency', '-profile:v', 'high', '-pix_fmt', 'yuv420p'],
      ...['-threads', `${threads}`, ...rate(rendition), '-sc_threshold', '0'],
    ],
  },
  h264_nvenc: {
    device: [],
    upload: '',
    args: rendition => [
      ...['-c:v', 'h264_nvenc', '-preset', 'p4', '-tune', 'll', '-rc', isConstant(rendition) ? 'cbr' : 'vbr', ...high],
      ...['-pix_fmt', 'yuv420p', '-forced-idr', '1', '-no-scenecut', '1', '-delay', '0', ...rate(rendition)],
    ],
  },
  h264_vaapi: {
    device: ['-vaapi_device', RENDER_NODE],
    upload: 'format=nv12,hwupload',
    args: rendition => [
      ...['-c:v', 'h264_vaapi', '-rc_mode', isConstant(rendition) ? 'CBR' : 'VBR', ...high],
      ...['-async_depth', '1', ...rate(rendition)],
    ],
  },
  h264_qsv: {
    device: ['-init_hw_device', 'qsv=hw', '-filter_hw_device', 'hw'],
    upload: 'format=nv12',
    args: (rendition, { preset }) => [
      ...['-c:v', 'h264_qsv', '-preset', qsvPreset(preset), ...high, '-forced_idr', '1', '-look_ahead', '0'],
      ...['-async_depth', '1', ...rate(rendition)],
    ],
  },
  h264_videotoolbox: {
    device: [],
    upload: '',
    args: rendition => [
      ...['-c:v', 'h264_videotoolbox', '-realtime', '1', '-allow_sw', '0', ...high],
      ...['-pix_fmt', 'yuv420p', ...rate(rendition)],
    ],
  },
};

/** FFmpeg's options for one encoder. Their source: `ffmpeg -h encoder=<name>`, 5.1 and later. */
export const videoEncoder = (name: VideoEncoder): EncoderOptions => encoders[name];
