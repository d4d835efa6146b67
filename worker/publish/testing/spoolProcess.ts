import { once } from 'node:events';
import { Spool } from '../spool/spool.ts';
import { writeSegments } from './writeSegments.ts';

// A worker process of its own beside a test, as far as the spool sees: `<dir> <node>`: opens an epoch, leaves closed
// segments 0 to 3 and an open one in it, says its origin, and lives until it is killed.
const [, , dir = '', node = ''] = process.argv;
const spool = new Spool(dir, node);
await spool.claim();
await spool.liveness.hold();
const record = { streamId: 'show', run: 'run1', token: '170', stems: ['show'], firstNumber: 0, startedAt: Date.now() };
const epoch = await spool.createEpoch(1, record);
await writeSegments(epoch.dir, 'show', { closed: [0, 1, 2, 3], open: 4 });
process.stdout.write(`${epoch.origin}\n`);
process.stdin.resume();
await once(process.stdin, 'end');
