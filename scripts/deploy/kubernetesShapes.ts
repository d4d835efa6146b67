/** What a manifest is made of. */
export type Yaml = string | number | boolean | null | Yaml[] | { [key: string]: Yaml };

/** Says what is wrong with a value, as sentences that begin with where it is. */
export type Shape = (value: Yaml, place: string) => string[];

const scalarShape =
  (what: string, holds: (value: Yaml) => boolean): Shape =>
  (value, place) =>
    holds(value) ? [] : [`${place}: ${JSON.stringify(value)} is not ${what}`];

const text = scalarShape('a string', value => typeof value === 'string');
const flag = scalarShape('true or false', value => typeof value === 'boolean');
const whole = scalarShape('a whole number', value => Number.isInteger(value) && Number(value) >= 0);
const port = scalarShape('a port or its name', value =>
  typeof value === 'number' ? value >= 1 && value <= 65_535 : /^[a-z][a-z0-9-]{0,14}$/.test(String(value)),
);
const portNumber = scalarShape(
  'a port',
  value => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 65_535,
);
const name = scalarShape('a DNS name (RFC 1123)', value => /^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/.test(String(value)));
const quantity = scalarShape('a quantity', value => /^\d+(\.\d+)?(m|Ki|Mi|Gi|Ti|k|M|G)?$/.test(String(value)));
const oneOf = (...values: string[]): Shape =>
  scalarShape(`one of ${values.join(', ')}`, value => values.includes(String(value)));

const list =
  (item: Shape): Shape =>
  (value, place) =>
    Array.isArray(value) ? value.flatMap((each, i) => item(each, `${place}[${i}]`)) : [`${place}: not a list`];

const dictionary =
  (item: Shape): Shape =>
  (value, place) =>
    isMap(value)
      ? Object.entries(value).flatMap(([key, each]) => item(each, `${place}.${key}`))
      : [`${place}: not a map`];

/** As `kubeconform -strict`: a field that is not named here is an error. Required ones end with `!`. */
function map(fields: Record<string, Shape>): Shape {
  const shapes = new Map(Object.entries(fields).map(([key, shape]) => [key.replace('!', ''), shape]));
  const required = Object.keys(fields).filter(key => key.endsWith('!'));
  return (value, place) => {
    if (!isMap(value)) return [`${place}: not a map`];
    const missing = required.map(key => key.slice(0, -1)).filter(key => !(key in value));
    return [
      ...missing.map(key => `${place}: without ${key}`),
      ...Object.entries(value).flatMap(([key, each]) =>
        (shapes.get(key) ?? ((_value, where) => [`${where}: there is no such field`]))(each, `${place}.${key}`),
      ),
    ];
  };
}

export const isMap = (value: Yaml | undefined): value is { [key: string]: Yaml } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const labels = dictionary(text);
const metadata = map({ 'name!': name, namespace: name, labels, annotations: labels });
const selector = map({ 'matchLabels!': labels });
const resources = map({ requests: dictionary(quantity), limits: dictionary(quantity) });
const reference = map({ 'name!': name });

const probe = map({
  httpGet: map({ 'path!': text, 'port!': port, scheme: oneOf('HTTP', 'HTTPS') }),
  exec: map({ 'command!': list(text) }),
  periodSeconds: whole,
  timeoutSeconds: whole,
  failureThreshold: whole,
  initialDelaySeconds: whole,
});

const capabilities = map({ drop: list(oneOf('ALL')), add: list(text) });
const seccompProfile = map({ 'type!': oneOf('RuntimeDefault', 'Localhost') });
const identity = { runAsNonRoot: flag, runAsUser: whole, runAsGroup: whole, seccompProfile };

const valueFrom = map({
  fieldRef: map({ 'fieldPath!': oneOf('metadata.name', 'spec.nodeName', 'status.hostIP', 'status.podIP') }),
  secretKeyRef: map({ 'name!': name, 'key!': text, optional: flag }),
});

const container = map({
  'name!': name,
  'image!': scalarShape('an image with a version', value => /:[\w.-]*\d[\w.-]*$/.test(String(value))),
  command: list(text),
  args: list(text),
  envFrom: list(map({ configMapRef: reference, secretRef: reference })),
  env: list(map({ 'name!': text, value: text, valueFrom })),
  ports: list(map({ name: port, 'containerPort!': portNumber, protocol: oneOf('TCP', 'UDP') })),
  readinessProbe: probe,
  livenessProbe: probe,
  lifecycle: map({ preStop: map({ exec: map({ 'command!': list(text) }) }) }),
  resources,
  securityContext: map({ ...identity, allowPrivilegeEscalation: flag, readOnlyRootFilesystem: flag, capabilities }),
  volumeMounts: list(map({ 'name!': name, 'mountPath!': text, readOnly: flag })),
});

const template = map({
  'metadata!': map({ 'labels!': labels }),
  'spec!': map({
    hostNetwork: flag,
    dnsPolicy: oneOf('ClusterFirst', 'ClusterFirstWithHostNet', 'Default'),
    terminationGracePeriodSeconds: whole,
    nodeSelector: labels,
    automountServiceAccountToken: flag,
    enableServiceLinks: flag,
    securityContext: map({ ...identity, fsGroup: whole }),
    initContainers: list(container),
    'containers!': list(container),
    topologySpreadConstraints: list(
      map({
        'maxSkew!': whole,
        'topologyKey!': text,
        'whenUnsatisfiable!': oneOf('DoNotSchedule', 'ScheduleAnyway'),
        labelSelector: selector,
      }),
    ),
    volumes: list(
      map({
        'name!': name,
        hostPath: map({ 'path!': text, type: oneOf('Directory', 'DirectoryOrCreate') }),
        emptyDir: map({}),
      }),
    ),
  }),
});

const claim = map({
  'metadata!': metadata,
  'spec!': map({ 'accessModes!': list(oneOf('ReadWriteOnce', 'ReadWriteMany')), 'resources!': resources }),
});

/** `/` is not a number, so the port is a name. */
const backend = map({ 'service!': map({ 'name!': name, 'port!': map({ name: port, number: portNumber }) }) });

const peer = map({
  podSelector: selector,
  namespaceSelector: selector,
  ipBlock: map({ 'cidr!': scalarShape('a network', value => /^[\d.]+\/\d+$/.test(String(value))), except: list(text) }),
});
const peerPort = map({ 'port!': port, endPort: portNumber, protocol: oneOf('TCP', 'UDP') });

const servicePorts = list(map({ name: port, 'port!': portNumber, targetPort: port, protocol: oneOf('TCP', 'UDP') }));
const service = map({
  clusterIP: oneOf('None'),
  type: oneOf('ClusterIP', 'NodePort', 'LoadBalancer'),
  externalTrafficPolicy: oneOf('Cluster', 'Local'),
  'selector!': labels,
  ports: servicePorts,
});
/** Only a headless one may have no ports. */
const serviceWithPorts: Shape = (value, place) => [
  ...service(value, place),
  ...(isMap(value) && value.clusterIP !== 'None' && !('ports' in value) ? [`${place}: without ports`] : []),
];

const rollingUpdate = map({ maxSurge: whole, maxUnavailable: whole });
const update = map({ 'type!': oneOf('RollingUpdate', 'OnDelete', 'Recreate'), rollingUpdate });

/** HPAScalingRules of autoscaling/v2. */
const scalingRules = map({
  stabilizationWindowSeconds: whole,
  selectPolicy: oneOf('Max', 'Min', 'Disabled'),
  policies: list(map({ 'type!': oneOf('Pods', 'Percent'), 'value!': whole, 'periodSeconds!': whole })),
});

const head = { 'apiVersion!': text, 'kind!': text, 'metadata!': metadata };

/** What Kubernetes (1.25 and later) takes, of what our manifests use: by `<apiVersion> <kind>`. */
export const kubernetesShapes: Readonly<Record<string, Shape>> = {
  'v1 ConfigMap': map({ ...head, 'data!': dictionary(text) }),
  'v1 Service': map({
    ...head,
    'spec!': serviceWithPorts,
  }),
  'apps/v1 StatefulSet': map({
    ...head,
    'spec!': map({
      'serviceName!': name,
      replicas: whole,
      minReadySeconds: whole,
      podManagementPolicy: oneOf('OrderedReady', 'Parallel'),
      updateStrategy: update,
      'selector!': selector,
      'template!': template,
      volumeClaimTemplates: list(claim),
    }),
  }),
  'apps/v1 Deployment': map({
    ...head,
    'spec!': map({
      replicas: whole,
      minReadySeconds: whole,
      strategy: update,
      'selector!': selector,
      'template!': template,
    }),
  }),
  'apps/v1 DaemonSet': map({
    ...head,
    'spec!': map({
      'selector!': selector,
      minReadySeconds: whole,
      updateStrategy: update,
      'template!': template,
    }),
  }),
  // KEDA 2: https://keda.sh/docs/2.17/reference/scaledobject-spec/, and its Prometheus scaler.
  'keda.sh/v1alpha1 ScaledObject': map({
    ...head,
    'spec!': map({
      'scaleTargetRef!': map({ apiVersion: text, kind: oneOf('Deployment', 'StatefulSet'), 'name!': name }),
      pollingInterval: whole,
      cooldownPeriod: whole,
      minReplicaCount: whole,
      maxReplicaCount: whole,
      fallback: map({ 'failureThreshold!': whole, 'replicas!': whole }),
      advanced: map({
        horizontalPodAutoscalerConfig: map({ behavior: map({ scaleUp: scalingRules, scaleDown: scalingRules }) }),
      }),
      'triggers!': list(
        map({
          'type!': oneOf('prometheus'),
          metricType: oneOf('AverageValue', 'Value'),
          'metadata!': map({ 'serverAddress!': text, 'query!': text, 'threshold!': text, activationThreshold: text }),
        }),
      ),
    }),
  }),
  'policy/v1 PodDisruptionBudget': map({
    ...head,
    'spec!': map({ minAvailable: whole, maxUnavailable: whole, 'selector!': selector }),
  }),
  'networking.k8s.io/v1 NetworkPolicy': map({
    ...head,
    'spec!': map({
      'podSelector!': selector,
      'policyTypes!': list(oneOf('Ingress', 'Egress')),
      ingress: list(map({ from: list(peer), ports: list(peerPort) })),
      egress: list(map({ to: list(peer), ports: list(peerPort) })),
    }),
  }),
  'networking.k8s.io/v1 Ingress': map({
    ...head,
    'spec!': map({
      ingressClassName: name,
      tls: list(map({ hosts: list(name), secretName: name })),
      'rules!': list(
        map({
          host: name,
          'http!': map({
            'paths!': list(
              map({
                'path!': text,
                'pathType!': oneOf('Prefix', 'Exact', 'ImplementationSpecific'),
                'backend!': backend,
              }),
            ),
          }),
        }),
      ),
    }),
  }),
};
