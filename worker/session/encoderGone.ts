import type { StreamReason } from '../../common/stream/streamState.ts';
import type { TranscodeEnd } from '../transcode/transcode.ts';

/** Why a stream is READY again, as a reason and a sentence. @param isRevoked this side disconnected the encoder: its key was revoked */
export function encoderGone(
  { cause, error }: Pick<TranscodeEnd, 'cause' | 'error'>,
  isRevoked: boolean,
): { reason: StreamReason; event: string } {
  if (isRevoked)
    return { reason: 'key_revoked', event: "The encoder's key was revoked; waiting for an encoder with the new one" };
  if (cause === 'input_invalid')
    return { reason: 'input_invalid', event: error?.message ?? 'The encoder sends no usable MPEG-TS' };
  return { reason: 'encoder_gone', event: 'The encoder is gone; waiting for it' };
}
