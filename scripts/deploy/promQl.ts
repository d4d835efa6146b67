import { parser } from '@prometheus-io/lezer-promql';

export interface Selector {
  /** The metric's name, `_bucket` and such included. */
  metric: string;
  matchers: { label: string; operator: string; value: string }[];
}

export interface Query {
  selectors: Selector[];
  /** Labels of `by (…)`, `without (…)`, `on (…)`. */
  grouping: string[];
}

/** What a PromQL expression reads, by Prometheus's own grammar. Throws when it does not parse. */
export function promQl(expression: string): Query {
  const query: Query = { selectors: [], grouping: [] };
  const text = (node: { from: number; to: number }): string => expression.slice(node.from, node.to);
  parser.parse(expression).iterate({
    enter: node => {
      if (node.type.isError) throw new Error(`no PromQL at ${node.from}: ${expression}`);
      if (node.name === 'VectorSelector') {
        const name = node.node.getChild('Identifier');
        query.selectors.push({ metric: name ? text(name) : '', matchers: [] });
      } else if (node.name === 'UnquotedLabelMatcher') {
        const [, label = '', operator = '', value = ''] = /^(\w+)\s*([=!~]+)\s*"(.*)"$/.exec(text(node)) ?? [];
        query.selectors.at(-1)?.matchers.push({ label, operator, value });
      } else if (node.name === 'GroupingLabels') {
        query.grouping.push(...(text(node).match(/\w+/g) ?? []));
      }
    },
  });
  return query;
}
