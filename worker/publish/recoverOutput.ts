import { AppError } from '../../common/errors.ts';
import type { HlsOutputDeps, HlsOutputEvents, HlsOutputOptions } from './hlsOutputContract.ts';
import { markSigned } from './markSigned.ts';
import { LedgerStore } from './playlist/ledgerStore.ts';
import { type Recovered, recover } from './playlist/recovery.ts';
import { streamFiles } from './playlist/streamFiles.ts';
import { RunRetention } from './retention/runRetention.ts';
import { retryStore } from './store/retryStore.ts';
import { StoreError } from './store/storeError.ts';
import { storeFault } from './store/storeFault.ts';

/** How long a start waits for a store that is away. */
const OPEN_MS = 10_000;

export interface RecoveredOutput {
  recovered: Recovered;
  copies: LedgerStore;
  retention: RunRetention;
}

/**
 * Reads back where the stream's last owner left off. A store that is away is waited for: 10 s at most by a stream that
 * starts, for ever by one that was taken over, since it was on the air. Throws `storage_error` when the store stays away
 * or refuses, `fenced` when a newer owner publishes.
 */
export async function recoverOutput(
  deps: HlsOutputDeps,
  options: HlsOutputOptions,
  events: HlsOutputEvents,
  signal?: AbortSignal,
): Promise<RecoveredOutput> {
  const { streamId, run, token, renditions, abr, segmentSeconds, window, takenOver, isLeft, routed } = options;
  const files = streamFiles(streamId, abr ? renditions.length : undefined);
  const copies = new LedgerStore(deps.redis, streamId, token, deps.log);
  const patience = takenOver ? [] : [AbortSignal.timeout(options.openTimeoutMs ?? OPEN_MS)];
  const ledger = { streamId, run, stems: files.stems, window, segmentSeconds };
  const retentionEvents = {
    onFenced: () => events.onFenced(),
    onRefused: (error: StoreError) => events.onFault(storeFault(error)),
  };
  try {
    const limit = AbortSignal.any([...patience, ...(signal ? [signal] : [])]);
    const showsParts = options.latency === 'low';
    const recovered = await recover(
      { ...deps, copies, files, ledger, token, takenOver, isLeft, routed, showsParts },
      limit,
    );
    const isOwner = () => deps.isCertain?.() ?? true;
    const [retention] = await Promise.all([
      RunRetention.open(deps, options, { ...recovered, files }, retentionEvents, limit),
      retryStore(() => markSigned(deps.store, streamId, options.signed ?? false, { isOwner, signal: limit }), limit),
    ]);
    copies.save(recovered.ledger);
    return { recovered, copies, retention };
  } catch (error) {
    throw error instanceof StoreError && error.kind === 'aborted' ? notAnswering(error) : storeFault(error);
  }
}

const notAnswering = (cause: StoreError): AppError =>
  new AppError('storage_error', 'the store does not answer; check R2_ACCOUNT_ID or S3_ENDPOINT, and the network', {
    cause,
  });
