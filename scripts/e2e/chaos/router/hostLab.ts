import { execa } from 'execa';

/** A host of the lab: a network namespace with an address of its own. */
export interface LabHost {
  readonly name: string;
  readonly address: string;
  /** The command line that runs a program there. */
  readonly run: readonly string[];
  /** Takes its cable out, or puts it in again: packets vanish, nothing is refused. */
  plug(isIn: boolean): Promise<void>;
}

/**
 * Hosts of one network on this machine: network namespaces behind a bridge (Linux, root). What is to be reached from them listens
 * on `address`.
 */
export class HostLab {
  readonly address: string;
  /** An address that moves from host to host. */
  readonly shared: string;
  readonly #net: string;
  readonly #bridge: string;
  readonly #hosts: LabHost[] = [];

  static async open(): Promise<HostLab> {
    const lab = new HostLab(process.pid % 200);
    await ip(`link add ${lab.#bridge} type bridge`);
    await ip(`addr add ${lab.address}/24 dev ${lab.#bridge}`);
    await ip(`link set ${lab.#bridge} up`);
    return lab;
  }

  private constructor(n: number) {
    this.#net = `10.77.${n}`;
    this.#bridge = `lt-${n}`;
    this.address = `${this.#net}.1`;
    this.shared = `${this.#net}.200`;
  }

  async addHost(): Promise<LabHost> {
    const n = this.#hosts.length + 1;
    const name = `${this.#bridge}-${n}`;
    const cable = `${this.#bridge}v${n}`;
    const address = `${this.#net}.${10 + n}`;
    await ip(`netns add ${name}`);
    await ip(`link add ${cable} type veth peer name eth0 netns ${name}`);
    await ip(`link set ${cable} master ${this.#bridge} up`);
    await ip(`-n ${name} addr add ${address}/24 dev eth0`);
    for (const link of ['eth0', 'lo']) await ip(`-n ${name} link set ${link} up`);
    const run = ['ip', 'netns', 'exec', name];
    const host: LabHost = {
      ...{ name, address, run },
      plug: async isIn => void (await ip(`link set ${cable} ${isIn ? 'up' : 'down'}`)),
    };
    this.#hosts.push(host);
    return host;
  }

  /** The host may bind to the shared address before it has it, as with keepalived. */
  async mayShare({ run }: LabHost): Promise<void> {
    const [command = '', ...args] = run;
    await execa(command, [...args, 'sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_nonlocal_bind']);
  }

  /** The shared address is this host's from now on, and its neighbours know it at once. */
  async share(host: LabHost): Promise<void> {
    for (const { name } of this.#hosts)
      await ip(`-n ${name} addr del ${this.shared}/24 dev eth0`).catch(() => undefined);
    await ip(`-n ${host.name} addr add ${this.shared}/24 dev eth0`);
    const { stdout } = await ip(`-n ${host.name} -br link show eth0`);
    const [, , mac = ''] = stdout.split(/\s+/);
    await ip(`neigh replace ${this.shared} lladdr ${mac} dev ${this.#bridge} nud reachable`);
  }

  async close(): Promise<void> {
    for (const { name } of this.#hosts) await ip(`netns del ${name}`).catch(() => undefined);
    await ip(`link del ${this.#bridge}`).catch(() => undefined);
  }
}

const ip = (line: string) => execa('ip', line.split(' '));
