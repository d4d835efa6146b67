import { Redis } from 'ioredis';
import { keys } from '../../common/redis/keys.ts';
import { startRedis } from '../../common/testing/startRedis.ts';
import { PortLeases } from '../../worker/ingest/portLease.ts';
import { redisLoad, redisState } from './control/redisLoad.ts';

const RANGE = { first: 20_000, last: 20_999 };
const PORTS = RANGE.last - RANGE.first + 1;
const AT_A_TIME = 64;
const SAMPLE = 5_000;

interface Host {
  node: string;
  leases: PortLeases;
  held: number[];
}

/** Leases of the ports of so many hosts over one Redis: claims a second from empty to full, and memory. */
export async function portsBench(hostCount: number): Promise<void> {
  const server = await startRedis();
  const redis = new Redis(server.url);
  try {
    const hosts = Array.from({ length: hostCount }, (_, i): Host => {
      const node = `host-${i}`;
      return { node, leases: new PortLeases(redis, node, RANGE), held: [] };
    });
    const before = (await redisState(redis)).memory;
    console.log(`${hostCount} hosts × ${PORTS} ports, ${AT_A_TIME} calls at a time`);
    let full = 0;
    for (const share of [0.1, 0.5, 0.9, 0.999]) {
      const target = Math.floor(PORTS * share);
      const wanted = hosts.flatMap(host => Array.from({ length: target - full }, () => host));
      await timed(redis, `claim, from ${full} to ${target} taken of each host`, wanted, claim);
      full = target;
      await timed(redis, `release and claim again, at ${full} taken`, sample(hosts), async host => {
        await release(host);
        await claim(host);
      });
    }
    await timed(redis, 'claim the last one', hosts, claim);
    await timed(redis, 'claim when none is left', sample(hosts), async host => {
      const taken = await host.leases.claim({ holder: 'late' }).catch(() => undefined);
      if (taken !== undefined) throw new Error(`port ${taken} of ${host.node} was leased twice`);
    });
    await renewAll(redis, hosts);
    const { memory } = await redisState(redis);
    const [one = ''] = hosts.map(host => host.node);
    const own = (await redis.memory('USAGE', keys.ports(one), 'SAMPLES', 0)) ?? 0;
    const holders = (await redis.memory('USAGE', keys.portHolders(one), 'SAMPLES', 0)) ?? 0;
    console.log(`  memory: ${kb((memory - before) / hostCount)} a host (its two keys: ${kb(own + holders)})`);
  } finally {
    redis.disconnect();
    await server.stop();
  }
}

async function claim({ node, leases, held }: Host): Promise<void> {
  held.push(await leases.claim({ holder: `${node}-stream-${held.length}.mwskgd0dbc1e87e7` }));
}

/** The latest: its holder's name is known by its place. */
async function release({ node, leases, held }: Host): Promise<void> {
  const port = held.pop();
  if (port === undefined) throw new Error('nothing is held');
  const given = await leases.release(port, `${node}-stream-${held.length}.mwskgd0dbc1e87e7`);
  if (!given) throw new Error(`port ${port} of ${node} was not its holder's`);
}

/** One host after the other, so that no host has two calls under way. */
const sample = (hosts: readonly Host[]): Host[] =>
  Array.from({ length: SAMPLE }, (_, i) => hosts[i % hosts.length]).filter(host => host !== undefined);

async function timed(
  redis: Redis,
  what: string,
  hosts: readonly Host[],
  work: (host: Host) => Promise<void>,
): Promise<void> {
  const before = await redisState(redis);
  const queues = Array.from({ length: AT_A_TIME }, (_, lane) => hosts.filter(host => laneOf(host) === lane));
  await Promise.all(
    queues.map(async queue => {
      for (const host of queue) await work(host);
    }),
  );
  const load = redisLoad(before, await redisState(redis));
  const script = load.top.find(({ name }) => name === 'evalsha');
  const rate = Math.round(hosts.length / load.seconds);
  console.log(
    `  ${what.padEnd(52)} ${String(rate).padStart(7)}/s  ${script?.usecEach.toFixed(1).padStart(6)} µs of Redis a call`,
  );
}

/** All calls for one host come one after the other. */
const laneOf = ({ node }: Host): number => Number(node.slice(node.indexOf('-') + 1)) % AT_A_TIME;

async function renewAll(redis: Redis, hosts: readonly Host[]): Promise<void> {
  const before = await redisState(redis);
  const renewed = await Promise.all(
    hosts.flatMap(({ node, leases, held }) =>
      held.map((port, i) => leases.renew(port, `${node}-stream-${i}.mwskgd0dbc1e87e7`)),
    ),
  );
  const load = redisLoad(before, await redisState(redis));
  const ours = renewed.filter(Boolean).length;
  console.log(`  renew all ${renewed.length} (${ours} held): ${load.seconds.toFixed(2)} s`);
}

const kb = (bytes: number): string => `${(bytes / 1e3).toFixed(0)} kB`;
