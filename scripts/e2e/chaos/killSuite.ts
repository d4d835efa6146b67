import { ChaosCluster } from './chaosCluster.ts';
import { killRound } from './killRound.ts';

export async function killSuite(rounds: number): Promise<void> {
  const chaos = await ChaosCluster.start({ workers: 2, streams: 3, segmentSeconds: 2 });
  try {
    for (let i = 0; i < rounds; i += 1) console.log(await killRound(chaos));
    console.log(await chaos.verify());
  } finally {
    await chaos.stop();
  }
}
