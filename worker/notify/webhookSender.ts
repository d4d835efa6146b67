import { DelayedError, type Job, type Queue, UnrecoverableError, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Logger } from '../../common/createLogger.ts';
import { EntryParser } from '../../common/redis/entryParser.ts';
import { parseJob } from '../../common/redis/parseJob.ts';
import { jobSchemas, queueNames, type WebhookJob } from '../../common/redis/queues.ts';
import { withDeadline } from '../../common/withDeadline.ts';
import { ForbiddenTarget } from './forbiddenTarget.ts';
import { NameLookups } from './nameLookups.ts';
import { postWebhook } from './postWebhook.ts';
import { type Admission, ReceiverHosts, sendLimits } from './receiverHosts.ts';
import { WebhookLanes } from './webhookLanes.ts';

const TIMEOUT_MS = 10_000;
const CLOSE_MS = 2_000;
/** The job before it in its lane promotes a parked one; this is for a worker that died before it could. */
const PARK_MS = 60_000;

/** The receiver's circuit is open: nothing was sent. */
class CircuitOpen extends Error {
  override readonly name = 'CircuitOpen';
}

/**
 * Delivers webhooks, at least once, in order for each stream and URL (webhookLanes.ts). A host that does not answer holds
 * only its share of the senders, and none while its circuit is open (receiverHosts.ts).
 */
export class WebhookSender {
  readonly #worker: Worker<WebhookJob>;
  readonly #lanes: WebhookLanes;
  readonly #hosts: ReceiverHosts;
  readonly #lookups = new NameLookups();
  readonly #entries: EntryParser;
  readonly #secret: string;
  readonly #allowPrivate: boolean;
  readonly #log: Logger;
  readonly #stopping = new AbortController();

  constructor(deps: {
    /** BullMQ's connection, role `queue`. */
    redis: Redis;
    queue: Queue<WebhookJob>;
    /** WEBHOOK_SECRET. */
    secret: string;
    allowPrivate: boolean;
    hosts?: ReceiverHosts;
    entries?: EntryParser;
    log: Logger;
  }) {
    const { log } = deps;
    this.#lanes = new WebhookLanes(deps.redis, deps.queue);
    this.#hosts = deps.hosts ?? new ReceiverHosts();
    this.#entries = deps.entries ?? new EntryParser({ log });
    this.#secret = deps.secret;
    this.#allowPrivate = deps.allowPrivate;
    this.#log = log;
    this.#worker = new Worker<WebhookJob>(queueNames.webhooks, (job, token) => this.#deliver(job, token), {
      connection: deps.redis,
      concurrency: sendLimits.all,
      autorun: false,
    });
    this.#worker.on('error', error => log.debug({ err: error }, 'connection of queue webhooks failed; it reconnects'));
    this.#worker.on('failed', (job, error) => {
      this.#onFailed(job, error).catch(cause =>
        log.warn(
          { err: cause, job: job?.id },
          'webhook given up after its last attempt but still first in its lane; later events to this URL wait',
        ),
      );
    });
  }

  start(): void {
    void this.#worker
      .run()
      .catch(error => this.#log.error({ err: error }, 'queue webhooks failed; this worker sends no more webhooks'));
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    // close() never returns while Redis is away; what was under way is delivered again.
    await withDeadline(this.#worker.close(true), CLOSE_MS, () => undefined);
  }

  async #deliver(job: Job<WebhookJob>, token: string | undefined): Promise<number> {
    const webhook = parseJob('webhooks', jobSchemas.webhook, job, this.#entries);
    const jobId = job.id ?? '';
    if (!(await this.#lanes.isHead(webhook, jobId))) {
      await this.#lanes.park(webhook, job, token, PARK_MS * (0.5 + Math.random()));
      throw new DelayedError();
    }
    const { host } = new URL(webhook.url);
    const admission = this.#hosts.admit(host);
    if (admission.kind === 'open')
      throw new CircuitOpen(`${host} did not answer; nothing is sent to it for ${Math.ceil(admission.ms)} ms`);
    if (admission.kind === 'wait') {
      await job.moveToDelayed(Date.now() + admission.ms, token);
      // BullMQ refuses when the job is due, or sent, by then.
      this.#hosts.whenPrompt(host, () => void job.promote().catch(() => undefined));
      throw new DelayedError();
    }
    const status = await this.#post(webhook, admission);
    if (status < 200 || status > 299) throw new Error(`the receiver answered ${status}; 2xx is expected`);
    await this.#lanes.leave(webhook, jobId);
    return status;
  }

  async #post(webhook: WebhookJob, { prompt, end }: Extract<Admission, { kind: 'send' }>): Promise<number> {
    try {
      const status = await postWebhook(webhook.url, webhook.body, {
        secret: this.#secret,
        allowPrivate: this.#allowPrivate,
        timeoutMs: TIMEOUT_MS,
        eventId: webhook.eventId,
        prompt,
        lookups: this.#lookups,
        signal: this.#stopping.signal,
      });
      end('answered');
      return status;
    } catch (error) {
      end(this.#stopping.signal.aborted ? 'called_off' : 'silent');
      throw error instanceof ForbiddenTarget ? new UnrecoverableError(error.message) : error;
    }
  }

  async #onFailed(job: Job<WebhookJob> | undefined, error: Error): Promise<void> {
    const parsed = jobSchemas.webhook.safeParse(job?.data);
    // A payload that does not parse was counted and logged where the job was taken.
    if (!job || !parsed.success) return;
    const { streamId, eventId, url } = parsed.data;
    const details = { streamId, eventId, host: new URL(url).host, attempt: job.attemptsMade, err: error };
    if (job.finishedOn === undefined) {
      const level = error instanceof CircuitOpen ? 'debug' : 'warn';
      return this.#log[level](details, 'webhook not delivered; retry follows');
    }
    this.#log.error(details, 'webhook given up after its last attempt');
    await this.#lanes.leave(parsed.data, job.id ?? '');
  }
}
