import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { execa } from 'execa';
import { pythonTools } from './contract/pythonTools.ts';
import { startCluster } from './e2e/harness/cluster.ts';

// `npm run contract [-- --seconds 120 --seed 1]`: the OpenAPI document against a real API and a real worker. schemathesis sends what the
// document allows and what it forbids, and checks each answer; a client that openapi-python-client generates starts, follows and stops a stream.
const { values } = parseArgs({ options: { seconds: { type: 'string', default: '120' }, seed: { type: 'string' } } });
const root = fileURLToPath(new URL('..', import.meta.url));
const bin = await pythonTools(join(root, 'node_modules/.cache/livetran-contract'));
const dir = await mkdtemp(join(tmpdir(), 'livetran-contract-'));
const limits = { RATE_LIMIT_PER_KEY: '60000000', RATE_LIMIT_PER_ADDRESS: '60000000' };
const cluster = await startCluster({ storage: 'file', env: { LOG_LEVEL: 'info', MAX_STREAMS: '1000000', ...limits } });
const env = { API_URL: cluster.apiUrl, HMAC_SECRET: cluster.hmacSecret };

async function generatedClient(): Promise<void> {
  const generator = join(bin, 'openapi-python-client');
  const package_ = join(dir, 'livetran_generated');
  await execa(generator, [
    'generate',
    '--url',
    `${cluster.apiUrl}/openapi.json`,
    '--output-path',
    package_,
    '--meta=none',
  ]);
  const program = join(root, 'scripts/contract/generated.py');
  await execa(join(bin, 'python'), [program], { env: { ...env, PYTHONPATH: dir }, stdio: 'inherit' });
}

async function schemathesis(): Promise<void> {
  const args = [
    ...['run', `${cluster.apiUrl}/openapi.json`, '--url', `${cluster.apiUrl}/v1`, '--max-time', values.seconds],
    // Not all rules fit into a schema (bytes of a text, a cursor of an earlier page), and each request is signed here, whatever
    // signature the case had.
    ...['--exclude-checks', 'positive_data_acceptance,ignored_auth', '--request-timeout', '20'],
    // These two answer for as long as the caller listens.
    ...['--exclude-operation-id', 'followStream', '--exclude-operation-id', 'followEvents'],
    ...['--continue-on-failure', ...(values.seed ? ['--seed', values.seed] : [])],
  ];
  const hooks = { SCHEMATHESIS_HOOKS: join(root, 'scripts/contract/sign.py') };
  await execa(join(bin, 'st'), args, { cwd: dir, env: { ...env, ...hooks }, stdio: 'inherit' });
}

try {
  await generatedClient();
  await schemathesis();
} finally {
  await cluster.stop();
  await rm(dir, { recursive: true, force: true });
}
