import type { Queue } from 'bullmq';
import type { EntryParser } from '../../common/redis/entryParser.ts';
import { jobSchemas, type WebhookJob } from '../../common/redis/queues.ts';
import type { DueJob } from './webhookLanes.ts';

/** BullMQ takes jobs with a priority after all others. */
const AFTER_PROMPT = 1;

/**
 * Gives jobs that are due to BullMQ. Those of hosts that are not prompt come after all others. A job that is there already
 * stays; one that does not parse is skipped and counted.
 */
export async function queueDue(queue: Queue<WebhookJob>, due: readonly DueJob[], entries: EntryParser): Promise<void> {
  const made = due.filter(job => !job.isThere).flatMap(job => toBullMq(job, entries));
  if (made.length > 0) await queue.addBulk(made);
  await Promise.all(due.filter(job => job.isThere).map(job => call(queue, job, entries)));
}

function toBullMq({ id, json, delay, prompt }: DueJob, entries: EntryParser) {
  const data = entries.parse('webhook of a lane', id, () => jobSchemas.webhook.parse(JSON.parse(json)));
  const opts = { jobId: id, ...(delay > 0 && { delay }), ...(!prompt && { priority: AFTER_PROMPT }) };
  return data ? [{ name: 'webhook', data, opts }] : [];
}

async function call(queue: Queue<WebhookJob>, due: DueJob, entries: EntryParser): Promise<void> {
  const job = await queue.getJob(due.id);
  if (!job) return queueDue(queue, [{ ...due, isThere: false }], entries);
  // BullMQ refuses when the job is not delayed: it is due, or being sent.
  await (due.delay > 0 ? job.changeDelay(due.delay) : job.promote()).catch(() => undefined);
}
