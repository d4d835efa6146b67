import { ChaosCluster } from './e2e/chaos/chaosCluster.ts';
import { blackHoleRound, freezeRound } from './e2e/chaos/vanishRound.ts';

const chaos = await ChaosCluster.start({ workers: 2, streams: 2, segmentSeconds: 2 });
try {
  if (process.argv[2] !== 'b') {
    console.log('freeze');
    console.log(await freezeRound(chaos));
  }
  if (process.argv[2] !== 'f') {
    console.log('hole resume');
    console.log(await blackHoleRound(chaos, 'resume'));
    console.log('hole stale');
    console.log(await blackHoleRound(chaos, 'stale'));
  }
  console.log(await chaos.verify());
} catch (e) {
  console.log(e);
  const fs = await import('node:fs');
  chaos.cluster.workers.forEach((w, i) =>
    fs.writeFileSync(`/tmp/chaos-w${i}.log`, w.log.map(l => JSON.stringify(l)).join('\n')),
  );
} finally {
  const fs = await import('node:fs');
  chaos.cluster.workers.forEach((w, i) =>
    fs.writeFileSync(`/tmp/chaos-w${i}.log`, w.log.map(l => JSON.stringify(l)).join('\n')),
  );
  await chaos.stop();
}
