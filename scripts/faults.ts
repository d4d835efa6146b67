import { randomInt } from 'node:crypto';
import { createInterface } from 'node:readline/promises';
import { allFaults } from './faults/allFaults.ts';
import type { Fault } from './faults/fault.ts';
import { FaultLab, SHOW } from './faults/faultLab.ts';
import { waitUntil } from './lib/waitUntil.ts';

// `npm run faults`: a fault picked at random is in a cluster of its own; find it in the control room, then press Enter to see what it was.
// `npm run faults -- --check [<name> …]`: whether the control room names each of them within a minute. Exits with 1 when one is not named.
const NAMED_MS = 60_000;
const print = (line: string): void => void process.stdout.write(`${line}\n`);

async function inLab<Result>(fault: Fault, use: (lab: FaultLab) => Promise<Result>): Promise<Result> {
  const lab = await FaultLab.start(fault.env);
  try {
    await fault.inject(lab);
    return await use(lab);
  } finally {
    fault.undo?.(lab);
    await lab.stop();
  }
}

/** Resolves to the seconds until the control room named it; undefined: it did not within a minute. */
function check(fault: Fault): Promise<number | undefined> {
  return inLab(fault, async lab => {
    const at = performance.now();
    const isNamed = async (): Promise<boolean> => fault.isNamed(await lab.room.look(SHOW));
    try {
      await waitUntil(`the control room to name ${fault.name}`, isNamed, { timeoutMs: NAMED_MS, everyMs: 500 });
      return (performance.now() - at) / 1_000;
    } catch {
      print(JSON.stringify(await lab.room.look(SHOW)));
      return undefined;
    }
  });
}

async function checkAll(names: readonly string[]): Promise<void> {
  const wanted = names.length === 0 ? allFaults : allFaults.filter(({ name }) => names.includes(name));
  let unnamed = 0;
  for (const fault of wanted) {
    const seconds = await check(fault).catch((error: unknown) => print(`${fault.name}: ${String(error)}`));
    if (seconds === undefined) unnamed += 1;
    print(`${fault.name.padEnd(20)} ${seconds === undefined ? 'NOT NAMED' : `${seconds.toFixed(1)} s`}`);
  }
  print(`${wanted.length - unnamed} of ${wanted.length} faults named within a minute`);
  process.exitCode = unnamed === 0 ? 0 : 1;
}

async function guess(): Promise<void> {
  const fault = allFaults[randomInt(allFaults.length)] as Fault;
  print('starting a cluster with a fault in it …');
  await inLab(fault, async ({ login: { url, user, password } }) => {
    print(`A fault is in. Log in as ${user} with ${password}, and find it:\n  ${url}`);
    const terminal = createInterface({ input: process.stdin, output: process.stdout });
    await terminal.question('Press Enter to see which one it is. ');
    terminal.close();
    print(`${fault.name}: ${fault.what}\nThe control room shows it here: ${fault.shows}`);
  });
}

const [flag, ...names] = process.argv.slice(2);
if (flag === '--check') await checkAll(names);
else await guess();
process.exit();
