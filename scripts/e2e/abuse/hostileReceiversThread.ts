import { parentPort } from 'node:worker_threads';
import { startHostileReceivers } from './hostileReceivers.ts';

// A thread of its own: what the receivers write would else delay the test's own receiver. Its first message is their URLs; it answers
// each message with what it has counted.
const receivers = await startHostileReceivers();
parentPort?.on('message', () =>
  parentPort?.postMessage({ followed: receivers.followed(), connections: receivers.connections() }),
);
parentPort?.postMessage(receivers.urls);
