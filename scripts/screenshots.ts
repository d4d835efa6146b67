import { takeScreenshots } from './room/takeScreenshots.ts';

// `node scripts/screenshots.ts [<folder>]`: saves every page at phone and desktop width, light and dark, and fails where one has an error in
// the console, a serious finding of axe-core, or something cut off at its side.
process.exitCode = (await takeScreenshots(process.argv[2] ?? 'screenshots')) ? 0 : 1;
