import type { Meter } from '@opentelemetry/api';
import type { RouterStatus } from '../common/routers/routerStatus.ts';

type Status = () => RouterStatus;

/** What a router has counted, when its metrics are read. */
export function observeRouter(meter: Meter, status: Status): void {
  meter
    .createObservableGauge('livetran_router_connections', { description: 'Connections of encoders' })
    .addCallback(result => result.observe(status().flows));
  const counter = (name: string, description: string, read: (of: RouterStatus['totals']) => number): void =>
    meter
      .createObservableCounter(`livetran_router_${name}_total`, { description })
      .addCallback(result => result.observe(read(status().totals)));
  const byKind = (name: string, label: string, description: string, kind: 'refusals' | 'losses' | 'drifts'): void =>
    meter.createObservableCounter(`livetran_router_${name}_total`, { description }).addCallback(result => {
      for (const [of, count] of Object.entries(status().totals[kind])) result.observe(count, { [label]: of });
    });
  counter('packets_up', 'Packets from encoders to workers', of => of.packetsUp);
  counter('packets_down', 'Packets from workers to encoders', of => of.packetsDown);
  counter('bytes_up', 'Bytes from encoders to workers', of => of.bytesUp);
  counter('bytes_down', 'Bytes from workers to encoders', of => of.bytesDown);
  counter('inductions', 'Handshakes that began', of => of.inductions);
  counter('rebinds', 'Callers that were followed to another address', of => of.rebinds);
  counter('orphan_packets', 'Packets of connections that this router does not know', of => of.orphans);
  counter('kernel_drops', "Packets that the kernel dropped since the socket's buffer was full", of => of.kernelDrops);
  counter('callers_unanswered', 'Callers of addresses that were refused too often in a second', of => of.unanswered);
  byKind('encoders_refused', 'code', 'Encoders that were refused, by SRT reject code', 'refusals');
  byKind('workers_lost', 'how', 'Connections whose worker was lost: refused, silent or left', 'losses');
  byKind('connections_moved', 'outcome', 'How that ended: migrated, returned, shut_down or caller_gone', 'drifts');
}
