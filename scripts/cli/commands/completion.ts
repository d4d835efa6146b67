import type { Terminal } from '../terminal.ts';

const bash = `# livetran: completion for bash. In ~/.bashrc: source <(livetran completion bash)
_livetran() {
  local IFS=$'\\n'
  COMPREPLY=($(compgen -W "$("\${COMP_WORDS[0]}" complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _livetran livetran`;

const zsh = `#compdef livetran
# livetran: completion for zsh. In ~/.zshrc, after compinit: source <(livetran completion zsh)
_livetran() {
  local -a found
  found=(\${(f)"$(\${words[1]} complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)"})
  compadd -a found
}
compdef _livetran livetran`;

export const shells = { bash, zsh };

/** Prints the script that completes command lines in a shell. */
export async function completion(shell: keyof typeof shells, { out }: Terminal): Promise<number> {
  out(shells[shell]);
  return 0;
}
