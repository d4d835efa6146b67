import type { Reporter, TestModule } from 'vitest/node';

/** Prints the run's result as one plain line, `N passed, N failed`, after Vitest's own summary. */
export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    let passed = 0;
    let failed = unhandledErrors.length;
    let skipped = 0;
    for (const module of modules) {
      const states = [...module.children.allTests()].map(test => test.result().state);
      passed += states.filter(state => state === 'passed').length;
      skipped += states.filter(state => state === 'skipped').length;
      // A file that fails to load, or whose hooks fail, has errors but perhaps no failed test.
      failed += states.filter(state => state === 'failed').length || (module.ok() ? 0 : 1);
    }
    const counts = `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
    process.on('exit', () => console.log(counts));
  }
}
