import { secret, startTestApi, type TestApi } from '../../api/testing/testApi.ts';
import { silentLogger } from '../../common/testing/silentLogger.ts';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
import { deriveWebhookSecret } from '../../common/webhooks/deriveWebhookSecret.ts';
import { startSimulatedWorker } from '../bench/control/simulatedWorker.ts';

export interface SimulatedCluster {
  url: string;
  /** HMAC_SECRET of the cluster. */
  secret: string;
  api: TestApi;
  redis: TestRedis;
  stop(): Promise<void>;
}

/**
 * A real Redis, a real API and a worker without media: streams become READY, an encoder "comes" within two seconds, a segment
 * "closes" every second, webhooks are delivered. For tests of what uses the API.
 */
export async function startSimulatedCluster(environment: Record<string, string> = {}): Promise<SimulatedCluster> {
  const redis = await startRedis();
  const api = await startTestApi(redis.url, { WEBHOOK_ALLOW_PRIVATE: 'on', ...environment });
  const worker = startSimulatedWorker({
    ...{ redisUrl: redis.url, node: 'test', slots: 20, segmentSeconds: 1, renditions: 1, uploads: 'all' },
    // It signs webhooks with this.
    ...{ hmacSecret: deriveWebhookSecret(secret), onStored: () => undefined, log: silentLogger() },
  });
  return {
    ...{ url: api.url, secret, api, redis },
    stop: async () => {
      await worker.stop();
      await api.stop();
      await redis.stop();
    },
  };
}
