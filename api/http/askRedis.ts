import { AppError } from '../../common/errors.ts';

/** Answers of a Redis that is there but cannot serve now: starting, failing over, or out of memory. */
const NOT_NOW = /^(LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|NOREPLICAS|MISCONF|OOM|BUSY|UNKILLABLE)\b/;

/** Runs calls to Redis; what fails because Redis is away becomes `redis_unavailable`, anything else passes as it is. */
export async function askRedis<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask();
  } catch (error) {
    if (!isAway(error)) throw error;
    throw new AppError('redis_unavailable', 'Redis does not answer; try again in a few seconds', { cause: error });
  }
}

function isAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error.name === 'ReplyError') return NOT_NOW.test(error.message);
  // ioredis reports a broken connection by plain errors and two classes of its own. Faults in our code have other classes.
  return error.name === 'Error' || error.name === 'MaxRetriesPerRequestError' || error.name === 'AbortError';
}
