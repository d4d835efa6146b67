import { z } from 'zod';
import { defineRoute } from '../http/route.ts';
import { playbackUrlFields, viewUrls } from '../streams/playbackView.ts';
import { streamRef } from '../streams/schemas.ts';

const WEEK = 604_800;
const error = `must be a whole number from 1 to ${WEEK}`;

const tokenRequest = z
  .strictObject(
    {
      expires_in: z.int({ error }).min(1, { error }).max(WEEK, { error }).default(3_600).meta({
        description: 'Seconds until it expires. A viewer who plays on then is refused: give it the length of the show.',
      }),
    },
    { error: 'the body must be a JSON object' },
  )
  .meta({ id: 'CreatePlaybackToken' });

const tokenView = z
  .object({
    token: z.string(),
    url: z.string().meta({ description: 'The low-latency playlist where there is one, else the one in the store.' }),
    playback: z.object(playbackUrlFields).meta({ description: 'Both, with the token.' }),
    expires_at: z.iso.datetime(),
  })
  .meta({ id: 'PlaybackToken' });

const createPlaybackToken = defineRoute({
  ...{
    method: 'post',
    path: '/streams/:stream_id/playback-tokens',
    operationId: 'createPlaybackToken',
    tag: 'Streams',
  },
  permission: 'streams:read',
  summary: 'Make a token with which one viewer plays a signed stream',
  description:
    'It is a JWT, and part of the URL. An app can make it itself (docs/tokens.md). It cannot be called back: let it expire soon. A stream that ' +
    'is not signed plays without one, too.',
  params: streamRef,
  body: tokenRequest,
  answers: { 201: { description: 'The token and its URLs', schema: tokenView } },
  errors: ['stream_not_found', 'stream_unreadable'],
  idempotent: false,
  call: async ({ params, body }, { streams, playbackTokens, places }) => {
    const record = await streams.get(params.stream_id);
    const { token, expiresAt } = playbackTokens.create(record.streamId, body.expires_in);
    const urls = places.of(record, token);
    const view = { token, url: urls.lowLatency ?? urls.hls, playback: viewUrls(urls) };
    return { status: 201, body: { ...view, expires_at: new Date(expiresAt).toISOString() } };
  },
});

export const playbackTokenRoutes = [createPlaybackToken];
