import { createHmac } from 'node:crypto';

// One of PLAYBACK_KEYS.
const { PLAYBACK_KEY_ID = 'default', PLAYBACK_SECRET = '' } = process.env;

const text = value => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Lets one viewer play one signed stream, for so many seconds. */
export function playbackToken(streamId, seconds) {
  const header = text({ alg: 'HS256', typ: 'JWT', kid: PLAYBACK_KEY_ID });
  const claims = text({ sub: streamId, exp: Math.floor(Date.now() / 1000) + seconds });
  const signature = createHmac('sha256', PLAYBACK_SECRET).update(`${header}.${claims}`).digest('base64url');
  return `${header}.${claims}.${signature}`;
}

const streamId = process.argv[2] ?? 'show-1';
console.log(`https://api.example/live/${playbackToken(streamId, 3600)}/${streamId}/${streamId}.m3u8`);
