import { z } from 'zod';

const counts = z.record(z.string(), z.number());

/** What a router has done since it began. */
const routerTotals = z.object({
  /** From callers to workers, and back. */
  packetsUp: z.number(),
  packetsDown: z.number(),
  bytesUp: z.number().default(0),
  bytesDown: z.number().default(0),
  inductions: z.number(),
  /** Packets of connections that this router does not know: another one's, which has ended. */
  orphans: z.number(),
  /** Callers that went on from another address. */
  rebinds: z.number().default(0),
  /** Packets that the kernel dropped because the socket's buffer was full. */
  kernelDrops: z.number(),
  /** Callers of addresses that were refused too often in a second: neither checked nor answered. */
  unanswered: z.number().default(0),
  /** Callers refused, by reject code. */
  refusals: counts,
  /** Connections whose worker was lost, by how: refused, silent, left. */
  losses: counts,
  /** How that ended: migrated, returned, shut_down, caller_gone. */
  drifts: counts,
});

export type RouterTotals = z.infer<typeof routerTotals>;

/** What a router says of itself with each heartbeat. */
export const routerStatus = z.object({
  id: z.string(),
  /** The place in SRT URLs: ROUTER_HOST and ROUTER_PORT. */
  host: z.string().min(1).max(255),
  port: z.number().int().min(1).max(65_535),
  version: z.string(),
  /** Its start, ms since 1970. */
  since: z.number().min(0).max(8.64e15),
  flows: z.number(),
  totals: routerTotals,
});

export type RouterStatus = z.infer<typeof routerStatus>;
