import { AppError } from '../../common/errors.ts';
import type { RestartBudget } from '../claim/restartBudget.ts';
import type { StreamLease } from '../claim/streamLease.ts';
import { errorField } from './errorField.ts';
import type { SessionPhases } from './sessionContract.ts';
import { sourceEvent } from './sourceEvent.ts';

type Reports = Omit<Parameters<SessionPhases['transcode']>[2], 'signal' | 'leaving'>;

/** Writes into the record what a transcode reports, and counts its restarts. */
export function transcodeReports(
  lease: Pick<StreamLease, 'write' | 'recorded'>,
  budget: Pick<RestartBudget, 'spend'>,
): Reports {
  return {
    mayRestart: async cause => {
      void lease.write({ fields: errorField(AppError.from(cause, 'transcode_error')) });
      return (await budget.spend(cause.message)) >= 0;
    },
    onSourceChange: change => void lease.write(sourceEvent(change)),
    onSource: source => {
      const text = JSON.stringify(source);
      // Another FFmpeg may begin with the same.
      if (text !== lease.recorded('source')) void lease.write({ fields: { source: text } });
    },
  };
}
