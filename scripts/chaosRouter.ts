import { parseArgs } from 'node:util';
import { RouterChaos } from './e2e/chaos/router/routerChaos.ts';
import { type RouterResult, routerReport } from './e2e/chaos/router/routerReport.ts';
import {
  cutHost,
  freezeWorker,
  killRouter,
  killWorker,
  type RoutedRow,
  restartWorker,
} from './e2e/chaos/router/routerRounds.ts';

// `npm run chaos -- router [--kill 20 --freeze 10 --cut 5 --restart 6 --router 10]` (Linux, root): workers on two hosts (network namespaces)
// and routers are lost under FFmpeg and srt-live-transmit, whose pictures carry their numbers. Prints how long viewers waited and what they
// missed or saw twice. Exits with 1 when the oracle found something wrong.
const times = (fallback: string) => ({ type: 'string', default: fallback }) as const;
const { values } = parseArgs({
  args: process.argv.slice(2).filter(argument => argument !== 'router'),
  options: { kill: times('20'), freeze: times('10'), cut: times('5'), restart: times('6'), router: times('10') },
});

const scenarios: [string, string, (chaos: RouterChaos) => Promise<RoutedRow[]>][] = [
  ['worker kill -9', values.kill, killWorker],
  ['worker SIGSTOP', values.freeze, freezeWorker],
  ['host cut off', values.cut, cutHost],
  ['worker restart (SIGTERM)', values.restart, restartWorker],
  ['router kill -9', values.router, killRouter],
];

let isOver = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    isOver = true;
  });
const results: RouterResult[] = [];
const faults: string[] = [];
const chaos = await RouterChaos.start();
try {
  for (const [name, count, round] of scenarios) {
    const rows: RoutedRow[] = [];
    results.push({ name, rows });
    for (let i = 0; i < Number(count) && !isOver; i += 1) {
      rows.push(...(await round(chaos)));
      process.stdout.write(`${name} ${i + 1}/${count}: ${JSON.stringify(rows.slice(-2))}\n`);
    }
  }
  faults.push(...(await chaos.verify()));
} catch (error) {
  faults.push(String(error));
} finally {
  await chaos.stop();
}
process.stdout.write(`\n${routerReport(results, faults)}\n`);
process.exitCode = faults.length > 0 ? 1 : 0;
