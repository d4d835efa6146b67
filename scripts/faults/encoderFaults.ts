import type { RoomView } from './controlRoom.ts';
import type { Fault } from './fault.ts';

const x264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p'];
const aac = ['-c:a', 'aac', '-b:a', '64k'];

/** The page of the stream names this problem, with this fault. */
const problem =
  (code: string, fault: string) =>
  ({ stream }: RoomView): boolean =>
    stream?.health?.problems.some(each => each.code === code && each.fault === fault) ?? false;
const event =
  (reason: string) =>
  ({ events }: RoomView): boolean =>
    events.some(each => each.reason === reason);

/** Faults of encoders and of the way to them. */
export const encoderFaults: readonly Fault[] = [
  {
    name: 'loss-5',
    what: 'the network loses 5 % of the packets, which are sent again',
    shows: 'stream: `packets_lost` (network), with the share; chart of the loss',
    inject: async lab => {
      await lab.live();
      lab.relay.loss = 0.05;
    },
    isNamed: problem('packets_lost', 'network'),
  },
  {
    name: 'loss-40',
    what: 'the network loses 40 % of the packets',
    shows: 'stream: `packets_dropped` (network), with the share',
    inject: async lab => {
      await lab.live();
      lab.relay.loss = 0.4;
    },
    isNamed: problem('packets_dropped', 'network'),
  },
  {
    name: 'long-way',
    what: 'the round trip takes 240 ms longer than before, and the SRT latency is 200 ms',
    shows: 'stream: `rtt_high` (network), with both times and the latency to set',
    inject: async lab => {
      await lab.live();
      lab.relay.delayMs = 120;
    },
    isNamed: problem('rtt_high', 'network'),
  },
  {
    name: 'encoder-frozen',
    what: 'the encoder stands still, with its connection open',
    shows: 'stream: `nothing_received` (encoder), then READY with `encoder_gone`',
    inject: async lab => {
      await lab.live();
      lab.encoder.kill('SIGSTOP');
    },
    isNamed: view => problem('nothing_received', 'encoder')(view) || event('encoder_gone')(view),
  },
  {
    name: 'encoder-killed',
    what: 'the encoder has crashed',
    shows: 'stream: READY, `encoder_gone` in its timeline',
    inject: async lab => {
      await lab.live();
      lab.encoder.kill('SIGKILL');
    },
    isNamed: view => view.stream?.state === 'READY' && event('encoder_gone')(view),
  },
  {
    name: 'no-audio',
    what: 'the encoder sends no audio',
    shows: 'stream: `no_audio` (encoder)',
    inject: lab => lab.live({}, { audio: false }),
    isNamed: problem('no_audio', 'encoder'),
  },
  {
    name: 'key-frames-10s',
    what: 'the encoder sends a key frame each 10 s',
    shows: 'stream: `key_frames_far_apart` (encoder), with the distance',
    inject: async lab => lab.encode(await lab.start(), { gop: 10 }),
    isNamed: problem('key_frames_far_apart', 'encoder'),
  },
  {
    name: 'clock-jump',
    what: "the encoder's clock jumps by 30 s",
    shows: 'stream: `timestamps_jumped` (encoder)',
    // Without audio: FFmpeg's muxer would hold one of the two back until the other has jumped, too.
    inject: lab =>
      lab.live({}, { audio: false, codecs: [...x264, '-g', '15', '-bsf:v', 'setts=ts=TS+gt(N\\,200)*30/TB'] }),
    isNamed: problem('timestamps_jumped', 'encoder'),
  },
  {
    name: 'picture-damaged',
    what: 'the encoder sends damaged pictures',
    shows: 'stream: `decode_errors` (encoder), with their number',
    inject: async lab => {
      const noise = ['-bsf:v', 'noise=amount=not(mod(n\\,7))*40'];
      await lab.encode(await lab.start(), { codecs: [...x264, '-g', '15', '-b:v', '400k', ...aac, ...noise] });
    },
    isNamed: problem('decode_errors', 'encoder'),
  },
  {
    name: 'bit-rate-collapsed',
    what: 'the picture of the encoder has become a still one',
    shows: 'stream: `bit_rate_collapsed` (encoder), with both rates',
    inject: lab => {
      const noise = ['-vf', "noise=alls=100:allf=t:enable='lt(t,28)'"];
      return lab.live({}, { codecs: [...noise, ...x264, '-g', '15', '-crf', '30', ...aac] });
    },
    isNamed: problem('bit_rate_collapsed', 'encoder'),
  },
  {
    name: 'no-picture',
    what: 'the encoder sends sound without a picture',
    shows: 'stream: READY, `input_invalid`, with what came instead',
    inject: async lab => lab.encode(await lab.start(), { codecs: ['-map', '1:a', ...aac] }),
    isNamed: event('input_invalid'),
  },
  {
    name: 'wrong-key',
    what: 'the encoder has a wrong stream key',
    shows: 'stream: `encoder_refused` in its timeline, and "refused encoders" with the cause',
    inject: async lab => {
      const url = await lab.start();
      await lab.encode(url.slice(0, -3) + (url.endsWith('AAA') ? 'BBB' : 'AAA'));
    },
    isNamed: view => event('encoder_refused')(view) && view.stream?.last_refusal != null,
  },
  {
    name: 'wrong-passphrase',
    what: 'the encoder has no passphrase, and the stream has one',
    shows: 'stream: "refused encoders" names the passphrase',
    inject: async lab => {
      const url = await lab.start({ passphrase: 'a-passphrase-for-faults' });
      await lab.encode(url.replace(/&passphrase=.*/, ''));
    },
    isNamed: ({ stream }) => /passphrase|encrypt/i.test(stream?.last_refusal?.message ?? ''),
  },
  {
    name: 'not-passed-on',
    what: 'a stream of the profile passthrough gets key frames each 12 s, so it is transcoded',
    shows: 'stream: `source_fallback` in its timeline, `fallback` with the cause',
    inject: async lab => lab.encode(await lab.start({ profile: 'passthrough' }), { gop: 12 }),
    isNamed: view => event('source_fallback')(view) && view.stream?.fallback != null,
  },
];
