// Starts a stream, prints where the encoder publishes and what viewers play, and stops it on Enter.
import { once } from 'node:events';
import { Livetran } from '@livetran/client';

const id = process.env.STREAM_ID ?? 'show-1';
const webhookUrl = process.env.WEBHOOK_URL;
const livetran = new Livetran({ url: process.env.API_URL, secret: process.env.HMAC_SECRET });

await livetran.streams.create({ stream_id: id, webhook_urls: webhookUrl ? [webhookUrl] : [] });
const ready = await livetran.streams.waitFor(id, stream => stream.srt_url);
console.log(`Encoder: ${ready.srt_url}`);

const live = await livetran.streams.waitFor(id, stream => stream.stream_link);
console.log(`Viewers: ${live.stream_link}`);

console.log('Enter stops the stream');
await once(process.stdin.resume(), 'data');
await livetran.streams.stop(id);
process.exit();
