import { startVitest, type TestModule } from 'vitest/node';

const usage = `Usage: npm run test:storage -- <endpoint>
Runs the object store's contract tests against an S3 endpoint, e.g. https://<account>.r2.cloudflarestorage.com
Needs R2_ACCESS_KEY, R2_SECRET_KEY and BUCKET_NAME in the environment; S3_REGION defaults to auto.
The tests write under contract-<random>/ and livetran-probe/ and remove what they wrote.
`;

process.exitCode = await testStorage(process.argv[2], process.env);

/** Resolves to the exit code: 0 when all tests passed, with or without deviations. */
async function testStorage(endpoint: string | undefined, environment: NodeJS.ProcessEnv): Promise<number> {
  const problems = findProblems(endpoint, environment);
  if (endpoint === undefined || problems.length > 0) {
    process.stderr.write(`${problems.map(problem => `${problem}\n`).join('')}${usage}`);
    return 2;
  }
  const { R2_ACCESS_KEY = '', R2_SECRET_KEY = '', BUCKET_NAME = '', S3_REGION } = environment;
  const vitest = await startVitest('test', [], {
    config: false,
    root: import.meta.dirname,
    watch: false,
    include: ['e2e/s3/endpointStore.contract.ts'],
    reporters: ['verbose'],
    // A store far away, one write a second to a key, and 1,001 deletions.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    provide: {
      s3: {
        ...{ endpoint, region: S3_REGION || 'auto', bucket: BUCKET_NAME },
        ...{ accessKey: R2_ACCESS_KEY, secretKey: R2_SECRET_KEY },
      },
    },
  });
  const modules = vitest.state.getTestModules();
  report(modules);
  await vitest.close();
  return modules.length > 0 && modules.every(module => module.ok()) && vitest.state.getUnhandledErrors().length === 0
    ? 0
    : 1;
}

function findProblems(endpoint: string | undefined, environment: NodeJS.ProcessEnv): string[] {
  const names = ['R2_ACCESS_KEY', 'R2_SECRET_KEY', 'BUCKET_NAME'];
  const problems = names.filter(name => !environment[name]).map(name => `${name} is not set`);
  if (endpoint === undefined) problems.push('No endpoint was given');
  else if (!/^https?:\/\/[^/]+\/?$/.test(endpoint)) {
    problems.push('The endpoint must be http(s)://host[:port], without the bucket');
  }
  return problems;
}

function report(modules: readonly TestModule[]): void {
  const tests = modules.flatMap(module => [...module.children.allTests()]);
  const failed = tests.filter(test => test.result().state !== 'passed');
  const deviations = tests.flatMap(test => test.annotations()).filter(({ type }) => type === 'deviation');
  const sentences = [...new Set(deviations.map(({ message }) => message))];
  process.stdout.write(`\nDeviations: ${sentences.length === 0 ? 'none' : ''}\n`);
  for (const sentence of sentences) process.stdout.write(`- ${sentence}\n`);
  process.stdout.write(`${tests.length - failed.length} passed, ${failed.length} failed\n`);
}
