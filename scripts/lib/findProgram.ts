import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The full path of the first of these programs that is installed; undefined when none is. */
export function findProgram(names: readonly string[], path: string | undefined): string | undefined {
  for (const name of names) {
    const places = name.includes('/') ? [name] : (path ?? '').split(delimiter).map(folder => join(folder, name));
    const found = places.find(isExecutable);
    if (found) return found;
  }
  return undefined;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
