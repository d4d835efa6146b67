/** A comment that names a file of docs/examples, and the block of code behind it. */
const BLOCK = /(<!-- (examples\/[\w.-]+) -->\n```\w+\n)[\s\S]*?(?=^```$)/gm;

/** A page with the files' text in its blocks. */
export const withExamples = (page: string, read: (file: string) => string): string =>
  page.replace(BLOCK, (_, head: string, file: string) => `${head}${read(file)}`);

/** The files that a page shows. */
export const examplesOf = (page: string): string[] => [...page.matchAll(BLOCK)].map(([, , file = '']) => file);
