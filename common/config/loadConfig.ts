import { AppError } from '../errors.ts';
import { nearestName } from '../nearestName.ts';
import { readSecretFiles, secretFileVariables } from './secretFiles.ts';
import { findStorage, type StorageConfig } from './storage.ts';
import { type Variables, variables } from './variables.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The whole configuration, with the variables that this process requires made certain. */
export type Config<Required extends keyof Variables = never> = Variables & {
  [Name in Required]-?: NonNullable<Variables[Name]>;
} & { storage: StorageConfig };

export interface LoadedConfig<Required extends keyof Variables> {
  config: Config<Required>;
  /** Sentences about variables that look misspelt. */
  warnings: string[];
}

/**
 * Reads the environment once, whole, and the files that hold secrets. An empty variable counts as not set. Throws one `config_invalid` that names every
 * bad variable and its rule, never a value.
 * @param options.storeKeys false: the process works without the keys of the store (default: true)
 * @param required variables without a default that this process cannot do without
 */
export function loadConfig<Required extends keyof Variables = never>(
  environment: Environment,
  required: readonly Required[] = [],
  options: { storeKeys?: boolean } = {},
): LoadedConfig<Required> {
  const set = Object.entries(environment).flatMap(([name, value]) => (value ? [[name, value] as const] : []));
  const { given, problems: fileProblems } = readSecretFiles(Object.fromEntries(set));
  const parsed = variables.safeParse(given);
  const warnings = misspelt(given);
  const problems = parsed.success
    ? []
    : parsed.error.issues.map(issue => `${String(issue.path[0])}${detail(issue.path.slice(1))}: ${issue.message}`);
  problems.push(...fileProblems);
  const unread = (name: string) => fileProblems.some(problem => problem.startsWith(name));
  for (const name of required) if (!unread(name) && given[name] === undefined) problems.push(`${name}: must be set`);
  const storage = parsed.success ? findStorage(parsed.data, { keys: options.storeKeys ?? true }) : undefined;
  problems.push(...(storage?.problems ?? []));
  if (!parsed.success || !storage?.config || problems.length > 0) {
    throw new AppError(
      'config_invalid',
      // A required variable that is missing may be there under a misspelt name.
      [`the configuration has ${problems.length} problem(s):`, ...problems, ...warnings].join('\n  '),
    );
  }
  const config = { ...parsed.data, storage: storage.config };
  // The loop above made sure that every required variable is there; the compiler cannot follow it.
  return { config: config as unknown as Config<Required>, warnings };
}

const detail = (path: readonly PropertyKey[]): string => path.map(part => `[${String(part)}]`).join('');

const FAMILIES =
  /^(LIVETRAN|SRT|ROUTER|SPOOL|HLS|R2|S3|API|TLS|UPLOAD|WEBHOOK|WORKER|STREAM_KEY|ADMIN|LADDER|CONNECT|RECONNECT)_/;

/** Variables of ours that do not exist: by their family's prefix, or one or two letters off a known name. */
function misspelt(given: Record<string, unknown>): string[] {
  const known = [...Object.keys(variables.shape), ...secretFileVariables];
  return Object.keys(given)
    .filter(name => !known.includes(name))
    .flatMap(name => {
      const near = nearestName(
        name,
        known.filter(other => other.length > 4),
      );
      if (near) return [`${name} is not a variable of Livetran; did you mean ${near}?`];
      return FAMILIES.test(name) ? [`${name} is not a variable of Livetran and is ignored`] : [];
    });
}
