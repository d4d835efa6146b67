import type { Config } from '../../common/config/loadConfig.ts';
import { latencyOf } from '../../common/stream/streamLatency.ts';
import { isLadder, profileOf } from '../../common/stream/streamProfile.ts';
import { encoderThreads } from '../transcode/encoderThreads.ts';
import type { Encoding } from '../transcode/encoding.ts';

type Settings = Pick<
  Config,
  | 'LADDER'
  | 'SINGLE'
  | 'VIDEO_ENCODER'
  | 'ENCODER_THREADS'
  | 'HLS_SEGMENT_SECONDS'
  | 'REDUCED_SEGMENT_SECONDS'
  | 'GOP_SECONDS'
  | 'VIDEO_PRESET'
  | 'AUDIO_RATE'
>;

const LOW_GOP_SECONDS = 1;

/** How a stream is encoded. @param recorded reads a field of its record @param cores of this host */
export function encodingOf(
  settings: Settings,
  recorded: (field: 'profile' | 'abr' | 'latency') => string | undefined,
  cores: number,
): Encoding {
  const profile = profileOf({ profile: recorded('profile'), abr: recorded('abr') });
  const latency = latencyOf(recorded('latency'));
  const { HLS_SEGMENT_SECONDS: standard, REDUCED_SEGMENT_SECONDS: reduced } = settings;
  const abr = isLadder(profile);
  return {
    ...{
      profile,
      abr,
      renditions: abr ? settings.LADDER : [settings.SINGLE],
      encoder: settings.VIDEO_ENCODER,
      latency,
    },
    threads: encoderThreads(settings.ENCODER_THREADS, cores),
    // Never longer than the standard ones, which may be short on this host.
    segmentSeconds: latency === 'standard' ? standard : Math.min(reduced, standard),
    // A viewer of parts can begin at each key frame.
    gopSeconds: latency === 'low' ? Math.min(LOW_GOP_SECONDS, settings.GOP_SECONDS) : settings.GOP_SECONDS,
    preset: settings.VIDEO_PRESET,
    audioRate: settings.AUDIO_RATE,
  };
}
