import { killSuite } from './e2e/chaos/killSuite.ts';

await killSuite(Number(process.argv[2] ?? 3));
