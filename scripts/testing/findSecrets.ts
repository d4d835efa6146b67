/** A JWT: stream keys and event tokens are such. */
const TOKEN = /eyJ[\w-]{6,}\.[\w-]{6,}\.[\w-]{6,}/;

/**
 * Each line in which a secret is, as it is or as JSON writes it, and each with a token. A pure function.
 * @param secrets their names by their values
 */
export function findSecrets(lines: Iterable<string>, secrets: ReadonlyMap<string, string>): string[] {
  const wanted = [...secrets].map(([value, name]) => ({ name, value, escaped: JSON.stringify(value).slice(1, -1) }));
  const found: string[] = [];
  for (const line of lines) {
    for (const { name, value, escaped } of wanted) {
      if (line.includes(value) || line.includes(escaped)) found.push(`${name} is in a line of a log: ${line}`);
    }
    if (TOKEN.test(line)) found.push(`a token is in a line of a log: ${line}`);
  }
  return found;
}
