import type { Readable } from 'node:stream';

/** A line longer than this is no line; it is cut here, so that a child cannot fill the memory. */
const longestLine = 4_096;

/** Calls back for each line that is not empty; FFmpeg ends lines with \r as well as with \n. */
export function eachLine(stream: Readable, onLine: (line: string) => void): void {
  let rest = '';
  const give = (line: string) => {
    if (line.trim() !== '') onLine(line.slice(0, longestLine));
  };
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const lines = (rest + text).split(/[\r\n]+/);
    rest = (lines.pop() ?? '').slice(0, longestLine);
    for (const line of lines) give(line);
  });
  stream.on('end', () => give(rest));
}
