/** Where a command's lines go. Results go to `out`, progress and errors to `err`, so that a pipe gets results alone. */
export interface Terminal {
  out(line: string): void;
  err(line: string): void;
}
