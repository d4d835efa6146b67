import { Option } from 'commander';
import { scopes } from '../../common/config/apiKeys.ts';
import type { CommandBuilder } from './commandBuilder.ts';
import { type KeyFlags, key } from './commands/key.ts';
import { createKey, listKeys, type NewKeyFlags, revokeKey } from './commands/keys.ts';
import { wholeNumber } from './parseOptions.ts';

/** The commands of stream keys and of API keys. */
export function keyCommands(to: CommandBuilder): void {
  to.ofStream('key', 'make a new stream key; prints the SRT URL that has it')
    .option('--revoke', 'earlier keys are worthless; the encoder that used one is disconnected')
    .option('--passphrase <text>', 'replace the passphrase; 10 to 79 bytes')
    .option('--no-passphrase', 'remove the passphrase')
    .option('--url', 'print the SRT URL alone')
    .action((id: string, flags: KeyFlags) => to.run(context => key(context, id, flags)));
  const keys = to.group('keys', 'list, make and revoke API keys');
  keys.add('list', 'list the API keys, without their secrets').action(() => keys.run(listKeys));
  keys
    .add('create', 'make an API key; prints its secret, once')
    .addOption(new Option('--scope <scope...>', 'what the key may do').choices([...scopes]).makeOptionMandatory())
    .option('--id <id>', 'its name; made when absent')
    .option('--not-after <time>', 'refused from then on (RFC 3339: 2027-12-31T00:00:00Z)')
    .option('--requests-per-minute <n>', 'limit of requests', wholeNumber)
    .option('--max-streams <n>', 'limit of streams at once', wholeNumber)
    .option('--starts-per-minute <n>', 'limit of starts', wholeNumber)
    .action((flags: NewKeyFlags) => keys.run(context => createKey(context, flags)));
  keys
    .add('revoke', 'revoke an API key')
    .argument('<key_id>', 'the key')
    .action((id: string) => keys.run(context => revokeKey(context, id)));
}
