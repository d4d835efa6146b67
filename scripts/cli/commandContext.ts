import type { LivetranClient } from './livetranClient.ts';
import type { Terminal } from './terminal.ts';

/** What a command works with. `json`: results are lines of JSON. */
export interface CommandContext {
  client: LivetranClient;
  terminal: Terminal;
  json: boolean;
}
