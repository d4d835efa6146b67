export const floodKinds = ['inductions', 'forged conclusions', 'known streams, bad keys'] as const;
export type FloodKind = (typeof floodKinds)[number];

export interface FloodOrder {
  kind: FloodKind;
  port: number;
  perSecond: number;
  seconds: number;
  /** Of streams that run, with keys that are not ours. */
  streamIds: string[];
}
