import { AppError } from '../../../common/errors.ts';

/** The error of an owner that comes too late. */
export const fencedError = (key: string): AppError =>
  new AppError('fenced', `"${key}" was written by a newer owner of the stream; this worker must stop writing it`);
