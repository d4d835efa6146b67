import type { StreamRecord } from '../../common/stream/streamRecord.ts';

/** A stream as the resource API shows it. Times are ISO 8601; what is not there yet is null. */
export function streamJson(record: StreamRecord) {
  const { lastRefusal: refusal } = record;
  return {
    stream_id: record.streamId,
    run: record.run,
    state: record.state,
    reason: record.reason,
    update: record.update ?? null,
    stopping: record.desired === 'stop' && record.state !== 'STOPPED',
    profile: record.profile,
    fallback: record.fallback || null,
    abr: record.abr,
    encrypted: record.passphrase !== undefined,
    record: record.record,
    dvr: record.dvr,
    webhook_urls: record.webhookUrls,
    node: record.node ?? null,
    worker: record.worker ?? null,
    port: record.port ?? null,
    srt_url: record.srtUrl ?? null,
    stream_link: record.streamLink ?? null,
    recording_link: record.recordingLink ?? null,
    last_refusal: refusal ? { ...refusal, at: new Date(refusal.at).toISOString() } : null,
    created_at: new Date(record.createdAt).toISOString(),
    updated_at: new Date(record.updatedAt).toISOString(),
  };
}
