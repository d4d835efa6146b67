import { z } from 'zod';

const policies = ['public', 'signed'] as const;

/** Who may play a stream: everyone who has the URL, or viewers whose URL has a token that is good (docs/tokens.md). */
export const streamPlayback = z.enum(policies, { error: `must be ${policies.join(' or ')}` });
export type StreamPlayback = z.infer<typeof streamPlayback>;
