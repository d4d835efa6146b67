/**
 * A text of docker-compose.yml with the variables of .env put in, as Compose does: `${NAME}`, `${NAME:-else}` (also when
 * it is empty), `${NAME-else}`, `${NAME:?message}`, one in the other, and `$$` for `$`. Throws where one is required.
 */
export function interpolate(text: string, env: Readonly<Record<string, string | undefined>>): string {
  // The innermost ones first.
  const pattern = /(?<!\$)\$\{([A-Z0-9_]+)(?:(:?)([-?])([^${}]*))?\}/;
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
    const [whole, name = '', colon, sign, rest = ''] = match;
    const value = env[name];
    const isMissing = value === undefined || (colon === ':' && value === '');
    if (isMissing && sign === '?') throw new Error(`${name}: ${rest}`);
    text = text.replace(whole, () => (isMissing ? rest : value));
  }
  return text.replaceAll('$$', '$');
}
