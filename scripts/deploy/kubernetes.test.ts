import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { variables } from '../../common/config/variables.ts';
import { isMap, kubernetesShapes, type Yaml } from './kubernetesShapes.ts';
import { supervisorSeconds } from './supervisorSeconds.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = `${root}deploy/kubernetes/`;
const files = readdirSync(folder);
/** Kubernetes reads YAML 1.1, where `off` and `yes` without quotes are booleans. */
const objects = files.flatMap(file => read(readFileSync(folder + file, 'utf8')));

function read(text: string): Yaml[] {
  const documents = parseAllDocuments(text, { version: '1.1' }).filter(document => document.contents !== null);
  return documents.map(document => {
    expect([...document.errors, ...document.warnings]).toEqual([]);
    return document.toJS() as Yaml;
  });
}

type Fields = { [key: string]: Yaml };
const fields = (value: Yaml | undefined): Fields => (isMap(value) ? value : {});
const items = (value: Yaml | undefined): Fields[] => (Array.isArray(value) ? value.map(fields) : []);
const at = (value: Yaml | undefined, path: string): Yaml | undefined =>
  path.split('.').reduce<Yaml | undefined>((found, key) => fields(found)[key], value);

const kindOf = (object: Yaml): string => `${at(object, 'apiVersion')} ${at(object, 'kind')}`;
const named = (object: Yaml): string => `${at(object, 'kind')} ${at(object, 'metadata.name')}`;
const ofKind = (kind: string): Yaml[] => objects.filter(object => at(object, 'kind') === kind);
const pods = objects.filter(object => at(object, 'spec.template') !== undefined);
const containers = (pod: Yaml): Fields[] => [
  ...items(at(pod, 'spec.template.spec.initContainers')),
  ...items(at(pod, 'spec.template.spec.containers')),
];

test('there are only YAML files, and all kinds that Livetran needs', () => {
  expect(files.filter(file => !file.endsWith('.yaml'))).toEqual([]);
  expect(objects.map(kindOf)).toEqual(
    expect.arrayContaining(['apps/v1 Deployment', 'apps/v1 DaemonSet', 'apps/v1 StatefulSet', 'v1 ConfigMap']),
  );
  expect(new Set(objects.map(named)).size).toBe(objects.length);
});

test.each(objects.map(object => [named(object), object] as const))('%s is as Kubernetes takes it', (place, object) => {
  const shape = kubernetesShapes[kindOf(object)];
  expect(shape, `kind ${kindOf(object)} is not known here`).toBeDefined();
  expect(shape?.(object, place)).toEqual([]);
});

describe('the check itself', () => {
  const daemonSet = ofKind('DaemonSet')[0] ?? null;
  const changed = (change: (spec: Fields) => void): string[] => {
    const copy = structuredClone(daemonSet);
    change(fields(at(copy, 'spec.template.spec')));
    return kubernetesShapes['apps/v1 DaemonSet']?.(copy, 'x') ?? [];
  };

  test.each<[string, (spec: Fields) => void, RegExp]>([
    ['a misspelt field', spec => Object.assign(spec, { hostnetwork: true }), /hostnetwork: there is no such field/],
    ['a number for a string', spec => Object.assign(items(spec.containers)[0] ?? {}, { args: [1] }), /not a string/],
    [
      'an image without a version',
      spec => Object.assign(items(spec.containers)[0] ?? {}, { image: 'x:latest' }),
      /image/,
    ],
    ['no containers', spec => delete spec.containers, /without containers/],
  ])('finds %s', (_name, change, message) => {
    expect(changed(change).join('\n')).toMatch(message);
  });
});

test('selectors select their own pods', () => {
  for (const pod of pods) {
    const labels = fields(at(pod, 'spec.template.metadata.labels'));
    expect(labels, named(pod)).toMatchObject(fields(at(pod, 'spec.selector.matchLabels')));
  }
});

test('services and disruption budgets lead to pods that are there, and to ports that these open', () => {
  const find = (selector: Yaml | undefined): Yaml[] =>
    pods.filter(pod => {
      const labels = fields(at(pod, 'spec.template.metadata.labels'));
      return Object.entries(fields(selector)).every(([key, value]) => labels[key] === value);
    });
  for (const service of ofKind('Service')) {
    const [pod = null, ...more] = find(at(service, 'spec.selector'));
    expect(more, named(service)).toEqual([]);
    expect(pod, named(service)).not.toBeNull();
    const open = containers(pod).flatMap(container => items(container.ports));
    for (const { targetPort, protocol = 'TCP' } of items(at(service, 'spec.ports'))) {
      const port = open.find(({ name }) => name === targetPort);
      expect({ protocol: 'TCP', ...port }, named(service)).toMatchObject({ name: targetPort, protocol });
    }
  }
  for (const budget of ofKind('PodDisruptionBudget'))
    expect(find(at(budget, 'spec.selector.matchLabels')), named(budget)).toHaveLength(1);
});

describe('autoscaling', () => {
  const scaled = ofKind('ScaledObject')[0] ?? null;
  const daemonSet = ofKind('DaemonSet')[0] ?? null;
  const streams = Number(
    containers(daemonSet)
      .flatMap(({ env }) => items(env))
      .find(({ name }) => name === 'WORKER_STREAMS')?.value,
  );

  test('leads to the worker, as the Deployment that the guide makes of its DaemonSet', () => {
    expect(at(scaled, 'spec.scaleTargetRef.name')).toBe(at(daemonSet, 'metadata.name'));
    const copy = structuredClone(daemonSet);
    Object.assign(fields(copy), { kind: 'Deployment' });
    const spec = fields(at(copy, 'spec'));
    delete spec.updateStrategy;
    spec.strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } };
    expect(kubernetesShapes['apps/v1 Deployment']?.(copy, 'worker')).toEqual([]);
  });

  test('keeps 30 % of the units of its workers free', () => {
    const [trigger] = items(at(scaled, 'spec.triggers'));
    expect(Number(at(trigger ?? null, 'metadata.threshold'))).toBeCloseTo(0.7 * streams);
  });
});

test('the Ingress leads to a Service and a port of it', () => {
  for (const ingress of ofKind('Ingress')) {
    const paths = items(at(ingress, 'spec.rules')).flatMap(rule => items(at(rule, 'http.paths')));
    expect(paths.length).toBeGreaterThan(0);
    for (const path of paths) {
      const service = ofKind('Service').find(each => at(each, 'metadata.name') === at(path, 'backend.service.name'));
      const ports = items(at(service, 'spec.ports')).map(port => port.name);
      expect(ports).toContain(at(path, 'backend.service.port.name'));
    }
  }
});

test('what containers mount, and take their settings from, is there', () => {
  const configs = ofKind('ConfigMap').map(object => at(object, 'metadata.name'));
  for (const pod of pods) {
    const claims = items(at(pod, 'spec.volumeClaimTemplates')).map(each => at(each, 'metadata.name'));
    const volumes = [...items(at(pod, 'spec.template.spec.volumes')).map(volume => volume.name), ...claims];
    for (const container of containers(pod)) {
      for (const mount of items(container.volumeMounts)) expect(volumes, named(pod)).toContain(mount.name);
      for (const source of items(container.envFrom)) {
        expect(configs).toContain(at(source.configMapRef ?? null, 'name'));
      }
    }
  }
});

/** Those that the file's head says to put into the Secret. */
const secretNames = (): string[] => {
  const [, head = ''] =
    /livetran\.env: ([\s\S]*?), one NAME=value/.exec(readFileSync(`${folder}livetran.yaml`, 'utf8')) ?? [];
  return [...head.matchAll(/\b[A-Z][A-Z0-9_]+/g)].map(([name]) => name);
};
const envOf = (pod: Yaml): Fields[] => containers(pod).flatMap(container => items(container.env));
/** The names of a pod's secrets, as they are in the Secret. */
const secretsOf = (pod: Yaml): string[] =>
  envOf(pod).flatMap(entry => {
    const reference = fields(at(entry, 'valueFrom.secretKeyRef'));
    if (reference.name !== undefined) expect(reference.name).toBe('livetran');
    return reference.key === undefined ? [] : [String(reference.key)];
  });

test('sets only variables that exist, to values that they take', () => {
  const known = [...Object.keys(variables.shape), 'REDIS_PASSWORD', 'REDISCLI_AUTH'];
  const data = ofKind('ConfigMap').map(object => fields(at(object, 'data')));
  const env = pods.flatMap(envOf);
  const set = [...data.flatMap(Object.keys), ...env.map(({ name }) => String(name))];
  expect(set.filter(name => !known.includes(name))).toEqual([]);
  const plain = env.map(({ name, value }) => (value ? { [String(name)]: value } : {}));
  const values = Object.assign({}, ...data, ...plain);
  expect(variables.safeParse(values).error?.issues ?? []).toEqual([]);
});

test('each pod gets the secrets that it needs, and no other one', () => {
  const secretsOfPod = (name: string): string[] =>
    secretsOf(pods.find(pod => at(pod, 'metadata.name') === `livetran-${name}`) ?? null).toSorted();
  const [redis, api, worker, routed, router] = ['redis', 'api', 'worker', 'routed-worker', 'router'].map(secretsOfPod);
  expect(redis).toEqual(['REDIS_PASSWORD']);
  expect(api).toEqual(['ADMIN_PASSWORD', 'HMAC_SECRET', 'REDIS_PASSWORD']);
  expect(worker).toEqual(expect.arrayContaining(['HMAC_SECRET', 'JWT_SECRET', 'R2_SECRET_KEY', 'REDIS_PASSWORD']));
  expect(routed).toEqual(worker);
  expect(router).toEqual(['JWT_SECRET', 'REDIS_PASSWORD']);
  expect(new Set(pods.flatMap(secretsOf))).toEqual(new Set(secretNames()));
});

describe('pods are confined', () => {
  test.each(pods.map(pod => [named(pod), pod] as const))('%s', (_name, pod) => {
    const spec = fields(at(pod, 'spec.template.spec'));
    // Service links set LIVETRAN_API_PORT and the like, which Livetran takes for misspelt variables.
    expect(spec).toMatchObject({ automountServiceAccountToken: false, enableServiceLinks: false });
    expect(at(spec, 'securityContext.seccompProfile.type')).toBe('RuntimeDefault');
    for (const container of containers(pod)) {
      expect(container.securityContext, String(container.name)).toMatchObject({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      // The container's own setting, else the pod's. Only the one that gives the spool to the worker is root.
      const user = at(container, 'securityContext.runAsUser') ?? at(spec, 'securityContext.runAsUser');
      expect(user === 0, String(container.name)).toBe(container.name === 'spool');
    }
  });

  test('and each has a policy for its network, besides workers: policies do not hold on the node’s network', () => {
    const guarded = ofKind('NetworkPolicy').map(policy => fields(at(policy, 'spec.podSelector.matchLabels')));
    for (const pod of pods.filter(each => at(each, 'spec.template.spec.hostNetwork') !== true)) {
      const labels = fields(at(pod, 'spec.template.metadata.labels'));
      expect(guarded, named(pod)).toContainEqual(labels);
    }
    for (const policy of ofKind('NetworkPolicy'))
      expect(at(policy, 'spec.policyTypes'), named(policy)).toEqual(['Ingress', 'Egress']);
  });
});

test('nothing leads to /metrics and /admin from outside', () => {
  const rules = ofKind('Ingress').flatMap(ingress => items(at(ingress, 'spec.rules')));
  const paths = rules.flatMap(rule => items(at(rule, 'http.paths')).map(({ path }) => String(path)));
  const leadsTo = (url: string): boolean => paths.some(path => path === '/' || `${url}/`.startsWith(`${path}/`));
  for (const inside of ['/metrics', '/admin', '/admin/queues']) expect(leadsTo(inside), inside).toBe(false);
  for (const open of [
    '/api/start-stream',
    '/video/show/show.m3u8',
    '/live/show/show.m3u8',
    '/watch/show',
    '/embed/show',
    '/assets/watch/main.js',
    '/healthz',
  ])
    expect(leadsTo(open), open).toBe(true);
});

test('runs programs that are there', () => {
  const programs = pods.flatMap(pod => containers(pod).flatMap(({ args }) => (Array.isArray(args) ? args : [])));
  const ours = programs.filter(arg => String(arg).endsWith('.ts'));
  expect(ours).toEqual(['api/main.ts', 'worker/main.ts', 'router/main.ts', 'worker/main.ts']);
  expect(ours.filter(program => !existsSync(`${root}${program}`))).toEqual([]);
});

describe('workers', () => {
  const [worker = null] = ofKind('DaemonSet');
  const spec = fields(at(worker, 'spec.template.spec'));

  test('are on the node’s network and still find Services by name', () => {
    expect(spec).toMatchObject({ hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' });
  });

  test('declare no port: with hostNetwork that would keep a new worker off the node until the old one is gone', () => {
    expect(containers(worker).flatMap(container => items(container.ports))).toEqual([]);
    expect(at(worker, 'spec.updateStrategy.rollingUpdate')).toEqual({ maxSurge: 1, maxUnavailable: 0 });
  });

  const routed = ofKind('StatefulSet').find(object => at(object, 'metadata.name') === 'livetran-routed-worker') ?? null;
  const both = [worker, routed].map(each => [named(each), each] as const);

  test.each(both)('%s has memory for 600 MB, and for 1 GB of FFmpeg for each stream', (_name, pod) => {
    const [container] = containers(pod).slice(-1);
    const env = items(container?.env);
    const streams = Number(env.find(({ name }) => name === 'WORKER_STREAMS')?.value);
    const gigabytes = Number(/^(\d+)Gi$/.exec(String(at(container?.resources, 'limits.memory')))?.[1]);
    expect(gigabytes).toBeGreaterThanOrEqual(streams + 0.6);
  });

  test.each(both)('%s gets the time to drain', (_name, pod) => {
    const seconds = at(pod, 'spec.template.spec.terminationGracePeriodSeconds');
    expect(seconds).toBeGreaterThanOrEqual(supervisorSeconds());
  });

  test('share node, address and spool with the others of their node', () => {
    const env = items(containers(worker).at(-1)?.env);
    const from = Object.fromEntries(env.map(each => [each.name, at(each, 'valueFrom.fieldRef.fieldPath')]));
    expect(from).toMatchObject({ NODE_ID: 'spec.nodeName', SRT_HOST: 'status.hostIP' });
    expect(items(spec.volumes).find(volume => volume.name === 'spool')).toMatchObject({
      hostPath: { type: 'DirectoryOrCreate' },
    });
  });

  test('behind routers have a name, an address and a spool of their own, and take SRT from routers only', () => {
    const env = items(containers(routed).at(-1)?.env);
    const from = Object.fromEntries(env.map(each => [each.name, at(each, 'valueFrom.fieldRef.fieldPath')]));
    expect(from).toMatchObject({ NODE_ID: 'metadata.name', SRT_HOST: 'status.podIP' });
    const claims = items(at(routed, 'spec.volumeClaimTemplates')).map(claim => at(claim, 'metadata.name'));
    expect(claims).toEqual(['spool']);
    expect(portsFrom('livetran-routed-worker', 'router', 'ingress')).toEqual([srtPorts]);
  });

  test('are reached by the API for low latency', () => {
    for (const each of [worker, routed]) {
      const env = items(containers(each).at(-1)?.env);
      const bind = env.find(({ name }) => name === 'ORIGIN_BIND') ?? null;
      expect(at(bind, 'valueFrom.fieldRef.fieldPath')).toBe('status.podIP');
    }
    const port = items(containers(routed).at(-1)?.env).find(({ name }) => name === 'ORIGIN_PORT')?.value;
    const rule = [{ port: Number(port), protocol: 'TCP' }];
    expect(portsFrom('livetran-routed-worker', 'api', 'ingress')).toEqual(rule);
    expect(portsFrom('livetran-api', 'routed-worker', 'egress')).toEqual(rule);
  });
});

/** SRT_PORTS of the ConfigMap, as a policy has them. */
const [first, last] = String(at(ofKind('ConfigMap')[0] ?? null, 'data.SRT_PORTS'))
  .split('-')
  .map(Number);
const srtPorts = { port: first, endPort: last, protocol: 'UDP' };

/** The ports of a policy's rules for a component. */
function portsFrom(policyName: string, component: string, way: 'ingress' | 'egress'): Fields[] {
  const policy = ofKind('NetworkPolicy').find(each => at(each, 'metadata.name') === policyName);
  const rules = items(at(policy, `spec.${way}`)).filter(rule =>
    items(rule[way === 'ingress' ? 'from' : 'to']).some(
      peer => fields(at(peer, 'podSelector.matchLabels'))['app.kubernetes.io/component'] === component,
    ),
  );
  return rules.flatMap(rule => items(rule.ports));
}

describe('routers', () => {
  const router = pods.find(pod => at(pod, 'metadata.name') === 'livetran-router') ?? null;
  const [container = {}] = containers(router);
  const value = (name: string): Yaml | undefined => items(container.env).find(each => each.name === name)?.value;

  test('listen on the ports that the pod opens; Kubernetes asks for their health', () => {
    const open = Object.fromEntries(items(container.ports).map(port => [port.name, String(port.containerPort)]));
    expect(open).toEqual({ srt: value('ROUTER_PORT'), health: value('ROUTER_HEALTH_PORT') });
    expect(at(container, 'readinessProbe.httpGet')).toEqual({ path: '/healthz', port: 'health' });
  });

  test('are reached under the port that is in the URLs, and see who calls', () => {
    const service = ofKind('Service').find(each => at(each, 'metadata.name') === 'livetran-router') ?? null;
    expect(at(service, 'spec')).toMatchObject({ type: 'LoadBalancer', externalTrafficPolicy: 'Local' });
    expect(items(at(service, 'spec.ports')).map(({ port }) => String(port))).toEqual([value('ROUTER_PORT')]);
  });

  test('reach workers on SRT_PORTS, and Redis', () => {
    expect(portsFrom('livetran-router', 'routed-worker', 'egress')).toEqual([srtPorts]);
    for (const component of ['router', 'routed-worker'])
      expect(portsFrom('livetran-redis', component, 'ingress')).toEqual([{ port: 6379, protocol: 'TCP' }]);
  });
});
