import type { CallOptions, Livetran } from './livetran.ts';
import type { EditWebhookEndpoint, NewWebhookEndpoint, WebhookDelivery, WebhookEndpoint } from './openapi.ts';

/** Webhooks: what became of those of a stream, and receivers of all streams' events. */
export class Webhooks {
  readonly #api: Livetran;

  constructor(api: Livetran) {
    this.#api = api;
  }

  /** The last 100 deliveries of a stream's events, the newest first. */
  async deliveries(streamId: string, options?: CallOptions): Promise<WebhookDelivery[]> {
    return (await this.#api.call('listWebhookDeliveries', { params: { stream_id: streamId } }, options)).data;
  }

  /** Sends the event of a delivery once more, with the same id. */
  async redeliver(streamId: string, deliveryId: string, options?: CallOptions): Promise<void> {
    const params = { stream_id: streamId, delivery_id: deliveryId };
    await this.#api.call('redeliverWebhook', { params }, options);
  }

  /** Sends what was given up once more. Resolves to how many. */
  async redeliverFailed(streamId: string, options?: CallOptions): Promise<number> {
    return (await this.#api.call('redeliverFailedWebhooks', { params: { stream_id: streamId } }, options)).redelivered;
  }

  /** The receivers of all streams' events. */
  async endpoints(options?: CallOptions): Promise<WebhookEndpoint[]> {
    return (await this.#api.call('listWebhookEndpoints', {}, options)).data;
  }

  /** Adds a receiver. The own key needs the scope `admin`, as for the calls below. */
  createEndpoint(endpoint: NewWebhookEndpoint, options?: CallOptions): Promise<WebhookEndpoint> {
    return this.#api.call('createWebhookEndpoint', { body: endpoint }, options);
  }

  updateEndpoint(id: string, change: EditWebhookEndpoint, options?: CallOptions): Promise<WebhookEndpoint> {
    return this.#api.call('editWebhookEndpoint', { params: { endpoint_id: id }, body: change }, options);
  }

  async deleteEndpoint(id: string, options?: CallOptions): Promise<void> {
    await this.#api.call('deleteWebhookEndpoint', { params: { endpoint_id: id } }, options);
  }

  /** Sends a test event. Resolves to what the receiver answered. */
  testEndpoint(id: string, options?: CallOptions): Promise<WebhookDelivery> {
    return this.#api.call('testWebhookEndpoint', { params: { endpoint_id: id } }, options);
  }
}
