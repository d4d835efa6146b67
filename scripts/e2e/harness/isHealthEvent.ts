/** Whether a webhook only says how well a stream goes (docs/events.md#health): on a busy machine it may come at any time. */
export const isHealthEvent = ({ Reason }: { Reason?: unknown }): boolean => /^ingest_/.test(String(Reason));
