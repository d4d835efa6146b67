import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { webhookLimits } from './webhookLimits.ts';

test('docs/events.md states these limits', async () => {
  const page = (await readFile(new URL('../../docs/events.md', import.meta.url), 'utf8')).replace(/\s+/g, ' ');
  const { all, prompt, share, unproven, silent, openMs, longestMs, timeoutMs, pauseMs, ...rest } = webhookLimits;
  for (const sentence of [
    `an answer of 2xx within ${timeoutMs / 1_000} s`,
    `go on for ${rest.giveUpMs / 3_600_000} h from the event on`,
    `grow from ${rest.firstRetryMs / 1_000} s to ${rest.longestRetryMs / 60_000} min`,
    `a pause longer, up to ${rest.retryAfterMs / 3_600_000} h`,
    `up to ${prompt} webhooks at a time to a host that answers 2xx within a second`,
    `up to ${share} to a host that is new, slow or silent`,
    `have ${share} places of their own`,
    `the next one ${pauseMs / 1_000} s later`,
    `up to ${all} at a time, and up to ${unproven} of them`,
    `${rest.repeated} of these may be repeated attempts, of which it makes up to ${(rest.repeated * 1_000) / rest.repeatedMs} in a second`,
    `${silent} times in a row, opens it for ${openMs / 1_000} s`,
    `up to ${longestMs / 1_000} s.`,
    `was sending is sent again within ${(rest.lockMs + rest.stalledMs) / 1_000} s`,
  ])
    expect(page).toContain(sentence);
});
