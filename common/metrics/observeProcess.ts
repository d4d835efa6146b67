import type { Meter } from '@opentelemetry/api';

/** The process's CPU time, memory and start, by the names that Prometheus's client libraries use. */
export function observeProcess(meter: Meter): void {
  const gauge = (name: string, description: string, read: () => number): void =>
    meter.createObservableGauge(name, { description }).addCallback(result => result.observe(read()));
  meter
    .createObservableCounter('process_cpu_seconds_total', { description: 'User and system CPU time' })
    .addCallback(result => {
      const { user, system } = process.cpuUsage();
      result.observe((user + system) / 1e6);
    });
  gauge('process_resident_memory_bytes', 'Resident memory', () => process.memoryUsage.rss());
  gauge('process_start_time_seconds', 'Start of the process, Unix time', () => performance.timeOrigin / 1_000);
}
