import { hostname } from 'node:os';
import { z } from 'zod';
import { redisAddress } from '../redis/redisAddress.ts';
import { requestedProfile } from '../stream/streamProfile.ts';
import { adminUsers } from './adminUsers.ts';
import { configuredKeys } from './apiKeys.ts';
import { defaultLadder, defaultSingle, ladder, rendition, videoEncoder } from './encoding.ts';
import { playbackKeys } from './playbackKeys.ts';
import { profileCosts } from './profileCosts.ts';
import {
  addressRanges,
  certificates,
  json,
  onOff,
  pixelCount,
  portRange,
  siteOrigins,
  streamMetrics,
} from './values.ts';

const whole = (min: number, max: number) => {
  const rule = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  const error = `must be a whole number ${rule}`;
  return z.coerce.number({ error }).int({ error, abort: true }).min(min, { error }).max(max, { error });
};
const secret = z.string().min(16, 'must have at least 16 characters');
const seconds = (fallback: number) => whole(1, 86_400).default(fallback);

/** Every environment variable that Livetran reads: name, rule, default. The one list, for all processes. */
export const variables = z.object({
  // Secrets, and the store
  JWT_SECRET: secret.optional(),
  HMAC_SECRET: secret.optional(),
  WEBHOOK_SECRET: secret.optional(),
  WEBHOOK_OLD_SECRETS: z
    .string()
    .transform(text => text.split(',').map(part => part.trim()))
    .pipe(z.array(secret).max(5, 'must be at most 5 secrets, separated by commas'))
    .optional(),
  R2_ACCOUNT_ID: z.string().min(1).optional(),
  R2_ACCESS_KEY: z.string().min(1).optional(),
  R2_SECRET_KEY: z.string().min(1).optional(),
  BUCKET_NAME: z.string().min(1).optional(),
  CLOUDFLARE_PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
  STORAGE: z.enum(['r2', 'file']).optional(),
  S3_ENDPOINT: z.url({ protocol: /^https?$/ }).optional(),
  S3_REGION: z.string().min(1).default('auto'),
  OUTPUT_DIR: z.string().min(1).default('output'),

  // Everywhere
  REDIS_URL: z
    .string()
    .refine(url => redisAddress(url) !== undefined, {
      error: 'must be redis://…, rediss://… or redis+sentinel://<host>:<port>,<host>:<port>/<name>',
    })
    .default('redis://127.0.0.1:6379'),
  REDIS_CA: certificates.optional(),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  ENV: z.string().default('production'),
  SERVICE_VERSION: z.string().optional(),
  ENABLE_METRICS: onOff.default(false),
  ENABLE_TRACES: onOff.default(false),
  OTEL_EXPORTER_OTLP_ENDPOINT: z.string().optional(),
  OTEL_EXPORTER_OTLP_INSECURE: onOff.default(false),
  DATA_DIR: z.string().min(1).default('.livetran'),

  // API
  API_HOST: z.string().min(1).default('0.0.0.0'),
  API_PORT: whole(0, 65_535).default(8_080),
  LEGACY_API: onOff.default(true),
  MAX_STREAMS: whole(1, 1_000_000).default(2_000),
  DEFAULT_PROFILE: requestedProfile.default('auto'),
  METRICS_TOKEN: secret.regex(/^\S+$/, 'must have no spaces').optional(),
  METRICS_PORT: whole(1, 65_535).optional(),
  STREAM_METRICS: streamMetrics.default('off'),
  API_KEYS: json(configuredKeys).optional(),
  API_KEYS_SECRET: secret.optional(),
  PLAYBACK_KEYS: json(playbackKeys).optional(),
  LIVE_CACHE_BYTES: whole(1_000_000, Number.MAX_SAFE_INTEGER).default(256 * 1024 ** 2),
  RATE_LIMIT_PER_KEY: whole(0, 60_000_000).default(60_000),
  RATE_LIMIT_PER_ADDRESS: whole(0, 60_000_000).default(120_000),
  TRUSTED_PROXIES: addressRanges.optional(),
  API_PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
  EMBED_ORIGINS: siteOrigins.optional(),
  TLS: onOff.default(true),
  TLS_CERT_FILE: z.string().min(1).default('keys/localhost.pem'),
  TLS_KEY_FILE: z.string().min(1).default('keys/localhost-key.pem'),
  ADMIN_USER: z.string().min(1).default('admin'),
  ADMIN_QUEUES: z.enum(['readonly', 'full'], { error: 'must be readonly or full' }).default('readonly'),
  ADMIN_PASSWORD: z.string().min(8, 'must have at least 8 characters').optional(),
  ADMIN_USERS: adminUsers.optional(),
  ADMIN_SESSION_SECONDS: seconds(43_200),

  // The command line client
  API_URL: z.url({ protocol: /^https?$/, error: 'must be the URL of the API, e.g. https://localhost:8080' }).optional(),

  // Router
  ROUTER_BIND: z.union([z.ipv4(), z.ipv6()], { error: 'must be an IP address of this host' }).default('0.0.0.0'),
  ROUTER_PORT: whole(1, 65_535).optional(),
  ROUTER_HOST: z.string().min(1).max(255).optional(),
  ROUTER_IO: z.enum(['auto', 'dgram', 'mmsg'], { error: 'must be auto, dgram or mmsg' }).default('auto'),
  ROUTER_HEALTH_PORT: whole(1, 65_535).optional(),
  ROUTER_RING_MS: whole(0, 30_000).default(12_000),
  ROUTER_RING_BYTES: whole(0, Number.MAX_SAFE_INTEGER).default(256 * 1024 ** 2),

  // Worker
  NODE_ID: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/, 'must be 1 to 64 of A-Z a-z 0-9 . _ -')
    .default(hostname()),
  SPOOL_DIR: z.string().min(1).default('spool'),
  SPOOL_MAX_BYTES: whole(1_000_000, Number.MAX_SAFE_INTEGER).default(20 * 1024 ** 3),
  SPOOL_MAX_AGE_SECONDS: whole(1, 31_536_000).default(86_400),
  SRT_HOST: z.string().min(1).optional(),
  SRT_BIND: z.union([z.ipv4(), z.ipv6()], { error: 'must be an IP address of this host' }).default('0.0.0.0'),
  SRT_PORTS: portRange.default({ first: 20_000, last: 20_999 }),
  SRT_LATENCY_MS: whole(20, 10_000).default(200),
  LL_SRT_LATENCY_MS: whole(20, 10_000).default(120),
  ORIGIN_BIND: z.union([z.ipv4(), z.ipv6()], { error: 'must be an IP address of this host' }).default('127.0.0.1'),
  ORIGIN_PORT: whole(0, 65_535).default(0),
  ORIGIN_HOST: z.string().min(1).max(255).optional(),
  START_TIMEOUT_SECONDS: seconds(300),
  CONNECT_TIMEOUT_SECONDS: seconds(120),
  RECONNECT_TIMEOUT_SECONDS: seconds(120),
  STREAM_KEY_TTL_SECONDS: whole(1, 31_536_000).default(7_200),
  DRAIN_SECONDS: whole(0, 86_400).default(30),
  RESTART_LIMIT: whole(0, 10_000).default(10),
  RESTART_WINDOW_SECONDS: seconds(600),
  WORKER_STREAMS: whole(1, 1_000).default(10),
  PROFILE_COSTS: profileCosts,
  UPLOAD_ATTEMPTS: whole(1, 20).default(3),
  UPLOAD_JOBS: z.enum(['all', 'retries'], { error: 'must be all or retries' }).default('all'),
  UPLOAD_BACKOFF_MS: whole(10, 60_000).default(1_000),
  UPLOAD_CONCURRENCY: whole(1, 60).default(16),
  RETAIN_SECONDS: whole(0, 31_536_000).default(86_400),
  HLS_GRACE_SEGMENTS: whole(0, 1_000).optional(),
  WEBHOOK_ALLOW_PRIVATE: onOff.default(false),
  WEBHOOK_SRT_URL: onOff.default(true),
  POSTERS: onOff.default(true),
  SRT_LIBRARY: z.string().min(1).optional(),
  MAX_PIXELS: pixelCount.default(4_096 * 2_304),
  MAX_FPS: whole(1, 1_000).default(120),
  FFMPEG_MEMORY_LIMIT: whole(200_000_000, Number.MAX_SAFE_INTEGER).default(900_000_000),
  FFMPEG_UID: whole(1, 4_294_967_294).default(65_534),
  FFMPEG: z.string().min(1).default('ffmpeg'),

  // Encoding
  MAX_GOP_SECONDS: whole(1, 30).default(10),
  MAX_SOURCE_KBPS: whole(100, 1_000_000).default(12_000),
  HLS_SEGMENT_SECONDS: whole(1, 30).default(4),
  REDUCED_SEGMENT_SECONDS: whole(1, 30).default(2),
  LL_PART_SECONDS: z.coerce
    .number({ error: 'must be a number from 0.2 to 1' })
    .min(0.2, { error: 'must be a number from 0.2 to 1' })
    .max(1, { error: 'must be a number from 0.2 to 1' })
    .default(0.333),
  HLS_WINDOW: whole(3, 100).default(10),
  GOP_SECONDS: z.coerce
    .number({ error: 'must be a number from 0.5 to 10' })
    .min(0.5, { error: 'must be a number from 0.5 to 10' })
    .max(10, { error: 'must be a number from 0.5 to 10' })
    .default(2),
  VIDEO_ENCODER: videoEncoder.default('libx264'),
  VIDEO_ENCODER_FALLBACK: onOff.default(true),
  ENCODER_THREADS: whole(0, 64).default(0),
  VIDEO_PRESET: z
    .enum(['ultrafast', 'superfast', 'veryfast', 'faster', 'fast', 'medium', 'slow', 'slower', 'veryslow'])
    .default('veryfast'),
  AUDIO_RATE: z.coerce
    .number()
    .pipe(z.union([z.literal(44_100), z.literal(48_000)], { error: 'must be 44100 or 48000' }))
    .default(48_000),
  LADDER: json(ladder).default([...defaultLadder] as z.infer<typeof ladder>),
  SINGLE: json(rendition).default(defaultSingle),
});

export type Variables = z.infer<typeof variables>;
