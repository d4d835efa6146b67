import { describe, expect, test } from 'vitest';
import { type ErrorCode, errorCatalogue } from './errorCatalogue.ts';
import { AppError } from './errors.ts';

describe('AppError', () => {
  test('takes status, retryable and blame from the catalogue', () => {
    const error = new AppError('redis_unavailable', 'gone', { cause: 'x' });
    expect(error).toMatchObject({ name: 'AppError', status: 503, retryable: true, blame: 'operator', cause: 'x' });
    expect(error).toBeInstanceOf(Error);
  });

  test.each(Object.entries(errorCatalogue))('%s: whose fault it is and its status agree', (code, { status, blame }) => {
    expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
    // A caller can only mend what is below 500. Two more have a 409: their messages say what to do.
    const conflicts: ErrorCode[] = ['fenced', 'stream_unreadable'];
    if (blame === 'caller' || blame === 'streamer') expect(status).toBeLessThan(500);
    else if (conflicts.includes(code as ErrorCode)) expect(status).toBe(409);
    else expect(status).toBeGreaterThanOrEqual(500);
  });

  test.each([
    ['an AppError stays what it is', new AppError('fenced', 'm'), 'fenced', 'm'],
    ['an Error gets the code, and keeps its text', new Error('boom'), 'storage_error', 'boom'],
    ['anything else is text', 'boom', 'storage_error', 'boom'],
  ])('from: %s', (_name, thrown, code, message) => {
    const error = AppError.from(thrown, 'storage_error');
    expect(error).toMatchObject({ code, message });
    expect(error === thrown || error.cause === thrown).toBe(true);
  });
});
