import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { withExamples } from './exampleBlocks.ts';

// node scripts/docs/writeExamples.ts: copies the files of docs/examples into the pages that show them.

const docs = new URL('../../docs/', import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, docs), 'utf8');
for (const name of readdirSync(docs)) {
  if (name.endsWith('.md')) writeFileSync(new URL(name, docs), withExamples(read(name), read));
}
