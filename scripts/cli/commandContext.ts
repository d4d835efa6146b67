import type { Livetran } from '../../client/index.ts';
import type { FoundApi } from './findApi.ts';
import type { Terminal } from './terminal.ts';

/** What a command works with. `json`: results are lines of JSON. `signal`: ends a command that goes on for ever. */
export interface CommandContext {
  client: Livetran;
  terminal: Terminal;
  json: boolean;
  signal?: AbortSignal;
}

/** What a command works with that needs no API. */
export interface LocalContext {
  terminal: Terminal;
  json: boolean;
  find: () => Promise<FoundApi>;
}
