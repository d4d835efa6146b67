import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { KernelDrops } from '../../../router/io/kernelDrops.ts';
import { type Child, startChild } from '../../e2e/harness/childProcess.ts';
import { startTestRouter, type TestRouter } from '../../router/testRouter.ts';
import { cpuSeconds } from '../cpuSeconds.ts';
import type { CallersOrder, CallersReport, SinkReport } from './benchMessages.ts';

/** What a run has shown. */
export interface FlowsResult {
  sent: number;
  received: number;
  /** ms, from a caller's send to the worker's read. */
  latencies: { p50: number; p99: number; max: number };
  /** Of the router: share of a core. */
  cpu: number;
  /** Packets that the kernel dropped at the router's port. */
  drops: number;
}

/** So many callers of one address at most (router/flow/flowTable.ts): the others call by IPv6. */
const BY_IPV4 = 200;

/** A real router process with its Redis, a process in place of all workers, and one of callers. */
export class RouterBed {
  readonly cluster: TestRouter;
  readonly router: Child;
  readonly #sink: ChildProcess;
  readonly #sinkPort: number;
  #streams = 0;

  static async start(io: string): Promise<RouterBed> {
    const cluster = await startTestRouter({ started: false, env: { ROUTER_IO: io, ROUTER_BIND: '::' } });
    const router = startChild(process.execPath, ['router/main.ts'], { env: cluster.env });
    await router.line('router ready', 30_000);
    const sink = fork(new URL('./sink.ts', import.meta.url));
    const { port } = (await next(sink)) as Extract<SinkReport, { kind: 'port' }>;
    return new RouterBed(cluster, router, sink, port);
  }

  private constructor(cluster: TestRouter, router: Child, sink: ChildProcess, sinkPort: number) {
    this.cluster = cluster;
    this.router = router;
    this.#sink = sink;
    this.#sinkPort = sinkPort;
  }

  get rssMegabytes(): number {
    const [, kb = '0'] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.router.pid}/status`, 'utf8')) ?? [];
    return Number(kb) / 1_024;
  }

  /** Callers through the router, or past it. @param meanwhile runs while they send */
  async run(options: {
    flows: number;
    seconds: number;
    direct?: boolean;
    meanwhile?: () => Promise<void>;
  }): Promise<FlowsResult> {
    const { flows, seconds, direct = false, meanwhile } = options;
    const callers = fork(new URL('./callers.ts', import.meta.url));
    try {
      const calls: CallersOrder['calls'] = [];
      for (let i = 0; i < flows; i += 1) calls.push(await this.#call(i, direct));
      this.#sink.send('begin');
      callers.send({ calls, seconds } satisfies CallersOrder);
      await next(callers);
      const before = { cpu: cpuSeconds(this.router.pid), at: performance.now(), drops: this.#drops() };
      const [done] = await Promise.all([next(callers), meanwhile?.()]);
      const elapsed = (performance.now() - before.at) / 1_000;
      const cpu = (cpuSeconds(this.router.pid) - before.cpu) / elapsed;
      await new Promise(resolve => setTimeout(resolve, 500));
      this.#sink.send('end');
      const { received, latencies } = (await next(this.#sink)) as Extract<SinkReport, { kind: 'result' }>;
      const { sent } = done as Extract<CallersReport, { kind: 'done' }>;
      return { sent, received, latencies, cpu, drops: this.#drops() - before.drops };
    } finally {
      callers.disconnect();
      await once(callers, 'exit');
    }
  }

  async stop(): Promise<void> {
    this.#sink.disconnect();
    await this.router.stop();
    await this.cluster.stop();
  }

  async #call(i: number, direct: boolean): Promise<CallersOrder['calls'][number]> {
    if (direct) return { streamId: '', host: '127.0.0.1', port: this.#sinkPort };
    this.#streams += 1;
    const stream = await this.cluster.stream(`bench-${this.#streams}`);
    await stream.own(this.#sinkPort);
    return { streamId: stream.streamIdText, host: i < BY_IPV4 ? '127.0.0.1' : '::1', port: this.cluster.port };
  }

  #drops(): number {
    return new KernelDrops(this.cluster.port).count;
  }
}

/** Its next message; rejects when it ends before. */
async function next(child: ChildProcess): Promise<unknown> {
  const ended = new AbortController();
  const gone = once(child, 'exit', { signal: ended.signal }).then(([code]) => {
    throw new Error(`${child.spawnfile} ended with ${code}`);
  });
  try {
    const [message] = await Promise.race([once(child, 'message', { signal: ended.signal }), gone]);
    return message;
  } finally {
    gone.catch(() => undefined);
    ended.abort();
  }
}
