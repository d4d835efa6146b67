/** A caller is refused. `code`: an SRT reject code, 1000 or more (libsrt sends the caller nothing useful below). `why`: for people. */
export interface Refusal {
  accept: false;
  code: number;
  why: string;
}

/** What becomes of a caller. */
export type Admission = { accept: true } | Refusal;
