import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../common/config/loadConfig.ts';
import { signBody, signRequest } from '../../common/signature.ts';
import { silentLogger } from '../../common/testing/silentLogger.ts';
import { startApi } from '../startApi.ts';
import { checkAnswer } from './checkAnswer.ts';
import { watchAnswers } from './watchAnswers.ts';

export const secret = 'a secret for tests only';

export interface TestApi {
  url: string;
  /** Where its file storage is. */
  dir: string;
  /** Throws when an answer, whoever asked, was not what the OpenAPI document says. */
  stop(): Promise<void>;
  /** A call of Livetran's: signed over the body, which is sent as it is. */
  call(method: string, path: string, body?: string, signature?: string | null): Promise<Answer>;
  /** A call of the resource API, signed. Fails when the answer is not what the OpenAPI document says. */
  ask(method: string, path: string, body?: object | string, headers?: Record<string, string>): Promise<Answer>;
  /** The same with another key than HMAC_SECRET. */
  askAs(key: { id: string; secret: string }, method: string, path: string, body?: object): Promise<Answer>;
}

export interface Answer {
  status: number;
  body: { success?: boolean; data?: unknown; error?: string; [field: string]: unknown };
  headers: Headers;
}

/** The API as it really runs, over plain HTTP on a free port, with a folder of its own. For tests. */
export async function startTestApi(redisUrl: string, environment: Record<string, string> = {}): Promise<TestApi> {
  const dir = await mkdtemp(join(tmpdir(), 'livetran-api-'));
  const own = {
    REDIS_URL: redisUrl,
    HMAC_SECRET: secret,
    TLS: 'off',
    API_HOST: '127.0.0.1',
    API_PORT: '0',
    OUTPUT_DIR: dir,
  };
  const { config } = loadConfig({ ...own, ...environment }, ['HMAC_SECRET']);
  const api = await startApi(config, silentLogger());
  const endWatch = watchAnswers(Number(new URL(api.url).port));
  const send = async (
    method: string,
    path: string,
    headers: Record<string, string>,
    body?: string,
  ): Promise<Answer> => {
    const response = await fetch(`${api.url}${path}`, { method, headers, ...(body !== undefined && { body }) });
    const received = await response.text();
    const answer = (received === '' ? {} : JSON.parse(received)) as Answer['body'];
    const contentType = response.headers.get('content-type') ?? '';
    checkAnswer({ method, path, status: response.status, contentType, body: answer });
    return { status: response.status, headers: response.headers, body: answer };
  };
  return {
    url: api.url,
    dir,
    stop: async () => {
      await api.stop();
      await rm(dir, { recursive: true, force: true });
      endWatch();
    },
    call: (method, path, body, signature = signBody(body ?? '', secret)) =>
      send(method, path, signature === null ? {} : { 'lt-signature': signature }, body),
    ask: (method, path, body, headers) => {
      const text = typeof body === 'object' ? JSON.stringify(body) : (body ?? '');
      const signature = sign(method, path, text, secret);
      // There is no worker in these tests, so a call that waits for one takes its 2 s.
      const prefer = { prefer: 'respond-async', ...headers };
      return send(method, path, { ...prefer, 'lt-signature': signature }, text === '' ? undefined : text);
    },
    askAs: (key, method, path, body) => {
      const text = body === undefined ? '' : JSON.stringify(body);
      const signature = `k=${key.id},${sign(method, path, text, key.secret)}`;
      return send(method, path, { prefer: 'respond-async', 'lt-signature': signature }, body && text);
    },
  };
}

function sign(method: string, path: string, body: string, by: string): string {
  const time = (performance.timeOrigin + performance.now()) / 1_000;
  return signRequest({ time: time.toFixed(6), method, path, body }, by);
}
