import { InvalidArgumentError } from 'commander';
import { streamId } from '../../common/stream/streamId.ts';

/** For options that may be given several times. */
export const collect = (value: string, before: string[]): string[] => [...before, value];

/** `name=value`, several times. */
export function collectPairs(text: string, before: Record<string, string> | undefined): Record<string, string> {
  const [, name = '', value = ''] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (!name) throw new InvalidArgumentError('must be name=value');
  return { ...before, [name]: value };
}

export function webUrl(text: string): string {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) {
    throw new InvalidArgumentError('must be a URL, e.g. http://127.0.0.1:3000/hooks');
  }
  return text;
}

export function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('must be a whole number');
  return Number(text);
}

/** An argument that is a stream_id. */
export function checkStreamId(id: string): string {
  const checked = streamId.safeParse(id);
  if (checked.success) return checked.data;
  throw new InvalidArgumentError(checked.error.issues[0]?.message ?? 'bad stream_id');
}
