import type { Queue } from 'bullmq';
import type { Logger } from '../../common/createLogger.ts';
import type { EntryParser } from '../../common/redis/entryParser.ts';
import type { WebhookJob } from '../../common/redis/queues.ts';
import { queueDue } from './queueDue.ts';
import type { WebhookLanes } from './webhookLanes.ts';

/** Lanes looked at in one go. */
const MOST = 200;

/**
 * Queues the first jobs of lanes that nobody goes on with: their job was removed by hand, or lost with a worker that died between two
 * steps. A lane that only waits for its host goes on waiting, and gives up what is older than 24 h.
 */
export async function healLanes(
  lanes: WebhookLanes,
  queue: Queue<WebhookJob>,
  entries: EntryParser,
  log: Logger,
): Promise<void> {
  let queued = 0;
  for (const { id, json } of await lanes.overdue(MOST)) {
    const job = await queue.getJob(id);
    if (job && !(await job.isCompleted()) && !(await job.isFailed())) continue;
    // A job id is not taken twice.
    await job?.remove();
    await queueDue(queue, [{ id, json, isThere: false, delay: 0, prompt: false }], entries);
    queued += 1;
  }
  if (queued > 0) log.info({ queued }, 'webhooks queued again that no worker went on with');
}
