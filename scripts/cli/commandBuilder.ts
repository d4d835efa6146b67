import type { Command } from 'commander';
import type { CommandContext } from './commandContext.ts';
import type { FoundApi } from './findApi.ts';
import { checkStreamId } from './parseOptions.ts';

export type Run = (context: CommandContext, found: FoundApi) => Promise<number>;

/** Adds commands below one of commander's. Each takes `--json`, before it or behind it. */
export class CommandBuilder {
  readonly #parent: Command;
  readonly #perform: (run: Run) => Promise<void>;
  readonly #wantJson: () => void;

  /**
   * @param perform called with the chosen command
   * @param wantJson called when `--json` stands behind a command
   */
  constructor(parent: Command, perform: (run: Run) => Promise<void>, wantJson: () => void) {
    this.#parent = parent;
    this.#perform = perform;
    this.#wantJson = wantJson;
  }

  add(usage: string, description: string): Command {
    return this.#parent
      .command(usage)
      .description(description)
      .option('--json', 'print results as lines of JSON')
      .on('option:json', this.#wantJson);
  }

  /** A command whose first argument is a stream. */
  ofStream(name: string, description: string): Command {
    return this.add(name, description).argument('<stream_id>', 'the stream', checkStreamId);
  }

  /** A command that has commands of its own. */
  group(name: string, description: string): CommandBuilder {
    const command = this.#parent.command(name).description(description);
    return new CommandBuilder(command, this.#perform, this.#wantJson);
  }

  run(run: Run): Promise<void> {
    return this.#perform(run);
  }
}
