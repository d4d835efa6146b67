export interface LockedPackage {
  version?: string;
  integrity?: string;
  dev?: boolean;
  optional?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
}

/** `packages` of a package-lock.json, by folder. */
export type LockedPackages = Readonly<Record<string, LockedPackage>>;

export interface Host {
  os: string;
  cpu: string;
  libc: string;
}

/**
 * The folders of packages that package-lock.json wants and npm has not installed, or has installed in another version.
 * @param installed node_modules/.package-lock.json, npm's own record of what it has installed
 * @param host where the tests run: packages for development and its native parts count as well. Without it
 *   only those count that Livetran runs with.
 */
export function missingPackages(wanted: LockedPackages, installed: LockedPackages, host?: Host): string[] {
  return Object.entries(wanted)
    .filter(([folder, entry]) => folder !== '' && isNeeded(entry, host))
    .filter(([folder, { version, integrity }]) => {
      const found = installed[folder];
      return found?.version !== version || found?.integrity !== integrity;
    })
    .map(([folder]) => folder);
}

function isNeeded({ dev, optional, os, cpu, libc }: LockedPackage, host: Host | undefined): boolean {
  if (!host) return !dev && !optional;
  if (!optional) return true;
  // One that suits every host may belong to one that does not suit this host: only native parts are certain.
  return Boolean(os ?? cpu) && allows(os, host.os) && allows(cpu, host.cpu) && allows(libc, host.libc);
}

/** npm's lists: names that are allowed, or `!name` for one that is not. None: all are. */
const allows = (list: readonly string[] | undefined, name: string): boolean =>
  !list || list.includes(name) || (list.every(each => each.startsWith('!')) && !list.includes(`!${name}`));
