import { readFileSync } from 'node:fs';

const read = (file: string): string => readFileSync(new URL(file, import.meta.url), 'utf8');

/** The viewer's pages as HTML. Both have the same player (player.html) in them. */
export function playerPages(): Record<'watch' | 'embed' | 'notFound', string> {
  const player = read('./player.html').trimEnd();
  const withPlayer = (file: string): string => read(file).replace('<!-- player -->', () => player);
  return { watch: withPlayer('./watch.html'), embed: withPlayer('./embed.html'), notFound: read('./notFound.html') };
}
