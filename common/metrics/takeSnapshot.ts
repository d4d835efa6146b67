import type { Attributes } from '@opentelemetry/api';
import { DataPointType, type MetricData, type ScopeMetrics } from '@opentelemetry/sdk-metrics';
import type { MetricSnapshot, SnapshotMetric } from './metricSnapshot.ts';

const MOST_POINTS = 200;

/** What was collected, as a snapshot. Exponential histograms are left out; so are points beyond the first 200 of a metric. */
export function takeSnapshot(scopes: readonly ScopeMetrics[]): MetricSnapshot {
  return scopes.flatMap(({ metrics }) => metrics).flatMap(data => toSnapshot(data) ?? []);
}

function toSnapshot(data: MetricData): SnapshotMetric | undefined {
  const { name, description: help } = data.descriptor;
  if (data.dataPointType === DataPointType.EXPONENTIAL_HISTOGRAM || data.dataPoints.length === 0) return undefined;
  if (data.dataPointType === DataPointType.HISTOGRAM) {
    const points = data.dataPoints.slice(0, MOST_POINTS);
    return {
      ...{ kind: 'histogram', name, help, bounds: points[0]?.value.buckets.boundaries ?? [] },
      points: points.map(({ attributes, value }) => [text(attributes), value.buckets.counts, value.sum ?? 0]),
    };
  }
  const isCounter = data.dataPointType === DataPointType.SUM && data.isMonotonic;
  const points = data.dataPoints.slice(0, MOST_POINTS);
  return {
    ...{ kind: isCounter ? 'counter' : 'gauge', name, help },
    points: points.map(({ attributes, value }) => [text(attributes), value]),
  };
}

const text = (attributes: Attributes): Record<string, string> =>
  Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, String(value)]));
