import { readFile } from 'node:fs/promises';
import { beforeEach, expect, test, vi } from 'vitest';
import { type Admission, ReceiverHosts, sendLimits } from './receiverHosts.ts';

let now: number;
let hosts: ReceiverHosts;
const onOpen = vi.fn();

beforeEach(() => {
  now = 0;
  onOpen.mockClear();
  hosts = new ReceiverHosts({ onOpen, now: () => now });
});

type Sending = Extract<Admission, { kind: 'send' }>;

/** Asks for as many places as there are, at most `most`. */
function fill(host: string, most = 1_000): Sending[] {
  const sending: Sending[] = [];
  while (sending.length < most) {
    const admission = hosts.admit(host);
    if (admission.kind !== 'send') break;
    sending.push(admission);
  }
  return sending;
}

function answer(host: string, ms = 10): void {
  const [attempt] = fill(host, 1);
  now += ms;
  attempt?.end('answered');
}

function beSilent(host: string, times: number): void {
  for (let i = 0; i < times; i += 1) fill(host, 1)[0]?.end('silent');
}

test('a new host has a small share, a prompt one a large one, a slow one the small one again', () => {
  expect(fill('a')).toHaveLength(sendLimits.share);
  expect(hosts.admit('a')).toMatchObject({ kind: 'wait' });
  answer('b');
  expect(hosts.isPrompt('b')).toBe(true);
  expect(fill('b')).toHaveLength(sendLimits.prompt);
  for (let i = 0; i < 10; i += 1) answer('c', 5_000);
  expect(hosts.isPrompt('c')).toBe(false);
  expect(fill('c')).toHaveLength(sendLimits.share);
});

test('a prompt host that falls silent is no longer prompt, before its first attempt is over', () => {
  answer('a');
  fill('a', 10);
  now += sendLimits.promptMs + 1;
  expect(hosts.isPrompt('a')).toBe(false);
  expect(hosts.admit('a').kind).toBe('wait');
});

test('all hosts that are not prompt leave half of the senders to prompt ones, however many they are', () => {
  answer('prompt');
  let taken = 0;
  for (let i = 0; i < 1_000; i += 1) taken += fill(`dead-${i}`).length;
  expect(taken).toBe(sendLimits.unproven);
  expect(fill('prompt')).toHaveLength(sendLimits.prompt);
});

test('the circuit opens after some silent attempts, lets one through after its time, and opens for longer', () => {
  beSilent('a', sendLimits.silent);
  expect(onOpen).toHaveBeenCalledExactlyOnceWith('a', sendLimits.openMs);
  expect(hosts.admit('a')).toEqual({ kind: 'open', ms: sendLimits.openMs });
  now += sendLimits.openMs;
  const [probe, ...others] = fill('a');
  expect(others).toEqual([]);
  expect(hosts.admit('a').kind).toBe('open');
  probe?.end('silent');
  expect(hosts.admit('a')).toEqual({ kind: 'open', ms: sendLimits.longestMs });
  expect(onOpen).toHaveBeenCalledOnce();
});

test('an answer, whatever its status, closes the circuit', () => {
  beSilent('a', sendLimits.silent);
  now += sendLimits.openMs;
  answer('a');
  expect(hosts.isPrompt('a')).toBe(true);
  expect(fill('a')).toHaveLength(sendLimits.prompt);
});

test('an attempt that was called off says nothing about the host, and an end counts once', () => {
  for (let i = 0; i < 5; i += 1) fill('a', 1)[0]?.end('called_off');
  expect(hosts.admit('a').kind).toBe('send');
  const [attempt] = fill('b', 1);
  for (let i = 0; i < 5; i += 1) attempt?.end('silent');
  expect(hosts.admit('b').kind).toBe('send');
});

test('a flood of host names does not make it forget prompt hosts', () => {
  answer('prompt');
  for (let i = 0; i < 20_000; i += 1) fill(`flood-${i}`, 1)[0]?.end('silent');
  expect(hosts.isPrompt('prompt')).toBe(true);
});

test('what waits for a new host is called when its first answer comes, once; for a dead one never', () => {
  const called: string[] = [];
  const [attempt] = fill('new');
  fill('dead');
  for (const name of ['new', 'dead']) hosts.whenPrompt(name, () => called.push(name));
  expect(called).toEqual([]);
  attempt?.end('answered');
  expect(called).toEqual(['new']);
  answer('new');
  hosts.whenPrompt('new', () => called.push('at once'));
  expect(called).toEqual(['new', 'at once']);
});

test('at most 1,000 callbacks wait for a host', () => {
  let calls = 0;
  for (let i = 0; i < 2_000; i += 1) hosts.whenPrompt('a', () => (calls += 1));
  answer('a');
  expect(calls).toBe(1_000);
});

test('docs/events.md states these limits', async () => {
  const page = (await readFile(new URL('../../docs/events.md', import.meta.url), 'utf8')).replace(/\s+/g, ' ');
  const { all, prompt, share, unproven, openMs, longestMs } = sendLimits;
  expect(page).toContain(`up to ${all} webhooks at a time: up to ${prompt} to a host that answers`);
  expect(page).toContain(
    `up to ${share} to a host that is new, slow or silent, and up to ${unproven} to all such hosts`,
  );
  expect(page).toContain(`opens it for ${openMs / 1_000} s, later ${longestMs / 1_000} s`);
});
