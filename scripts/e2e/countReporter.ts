import type { Reporter, TestModule } from 'vitest/node';

/** Prints the run's result as one plain line, `N passed, N failed`, after Vitest's own summary. */
export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    let passed = 0;
    let failed = unhandledErrors.length;
    for (const module of modules) {
      let failedHere = 0;
      for (const test of module.children.allTests()) {
        if (test.result().state === 'passed') passed += 1;
        else failedHere += 1; // a skipped or pending test counts as failed: this project has none
      }
      // A file that fails to load, or whose hooks fail, has errors but perhaps no failed test.
      failed += failedHere || (module.ok() ? 0 : 1);
    }
    process.on('exit', () => console.log(`${passed} passed, ${failed} failed`));
  }
}
