import type { Command, Option } from 'commander';

/**
 * What may stand in place of the last word of a command line: names of commands, options, an option's choices; the empty list
 * where only the API or the person knows. `stream`: a stream_id is expected.
 */
export function candidates(root: Command, words: readonly string[]): { names: string[]; stream: boolean } {
  const before = words.slice(0, -1);
  const current = words.at(-1) ?? '';
  let command = root;
  let argument = 0;
  let option: Option | undefined;
  for (const word of before) {
    if (option) option = undefined;
    else if (word.startsWith('-')) option = takesValue(command, word);
    else {
      const child = command.commands.find(each => each.name() === word);
      if (child) [command, argument] = [child, 0];
      else argument += 1;
    }
  }
  if (option) return { names: option.argChoices ?? [], stream: false };
  if (current.startsWith('-')) return { names: optionsOf(command), stream: false };
  const expected = command.registeredArguments[argument];
  return {
    names: [...visible(command).map(child => child.name()), ...(expected?.argChoices ?? [])],
    stream: expected?.name() === 'stream_id',
  };
}

const takesValue = (command: Command, word: string): Option | undefined =>
  command.options.find(option => (option.long === word || option.short === word) && !option.isBoolean());

const optionsOf = (command: Command): string[] => [
  ...command.options.filter(option => !option.hidden).flatMap(option => option.long ?? []),
  '--help',
];

/** Commander hides a command by a property that it does not publish; its help asks the same way. */
const visible = (command: Command): readonly Command[] =>
  command
    .createHelp()
    .visibleCommands(command)
    .filter(child => child.name() !== 'help');
