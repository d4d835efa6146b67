import { ValueType } from '@opentelemetry/api';
import { AggregationTemporality, DataPointType, type MetricData } from '@opentelemetry/sdk-metrics';
import type { MetricSnapshot, SnapshotMetric } from './metricSnapshot.ts';

type Labels = Readonly<Record<string, string>>;

/** A snapshot as the SDK's own data, with labels that say whose it is. Its times are not used in Prometheus's text. */
export const snapshotMetrics = (snapshot: MetricSnapshot, whose: Labels = {}): MetricData[] =>
  snapshot.map(metric => toMetricData(metric, whose));

function toMetricData(metric: SnapshotMetric, whose: Labels): MetricData {
  const { name, help: description, kind } = metric;
  const base = {
    descriptor: { name, description, unit: '', valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
  };
  const point = (labels: Labels) => ({
    ...{ startTime: [0, 0] as [number, number], endTime: [0, 0] as [number, number] },
    attributes: { ...whose, ...labels },
  });
  if (kind === 'histogram') {
    const { bounds: boundaries } = metric;
    const dataPoints = metric.points.map(([labels, counts, sum]) => ({
      ...point(labels),
      value: { buckets: { boundaries, counts }, sum, count: counts.reduce((all, count) => all + count, 0) },
    }));
    return { ...base, dataPointType: DataPointType.HISTOGRAM, dataPoints };
  }
  const dataPoints = metric.points.map(([labels, value]) => ({ ...point(labels), value }));
  if (kind === 'counter') return { ...base, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints };
  return { ...base, dataPointType: DataPointType.GAUGE, dataPoints };
}
