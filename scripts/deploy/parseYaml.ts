/** What a manifest is made of. */
export type Yaml = string | number | boolean | null | Yaml[] | { [key: string]: Yaml };

interface Line {
  indent: number;
  text: string;
  number: number;
}

/**
 * Reads the plain part of YAML that our manifests are written in: documents, block maps, block lists, scalars on one
 * line. Everything else (flow style, anchors, tags, block scalars, tabs, a key twice) throws, with the line's number.
 */
export function parseYaml(text: string): Yaml[] {
  const documents: Line[][] = [[]];
  for (const [i, raw] of text.split('\n').entries()) {
    if (raw.includes('\t')) throw new Error(`line ${i + 1}: a tab`);
    if (raw.trim() === '---') documents.push([]);
    else if (raw.trim() !== '' && !raw.trim().startsWith('#'))
      documents.at(-1)?.push({ indent: raw.search(/\S/), text: raw.trim(), number: i + 1 });
  }
  return documents.filter(lines => lines.length > 0).map(lines => new Reader(lines).document());
}

class Reader {
  readonly #lines: Line[];
  #at = 0;

  constructor(lines: Line[]) {
    this.#lines = lines;
  }

  document(): Yaml {
    const value = this.#block(0);
    const rest = this.#lines[this.#at];
    if (rest) throw new Error(`line ${rest.number}: indented as nothing before it`);
    return value;
  }

  #block(indent: number): Yaml {
    return this.#lines[this.#at]?.text.startsWith('- ') ? this.#list(indent) : this.#map(indent);
  }

  #list(indent: number): Yaml[] {
    const items: Yaml[] = [];
    for (let line = this.#next(indent); line?.text.startsWith('- '); line = this.#next(indent)) {
      const rest = line.text.slice(2).trim();
      if (!isEntry(rest)) {
        this.#at += 1;
        items.push(scalar(rest, line.number));
        continue;
      }
      // The item's first key stands where the others are.
      line.text = rest;
      line.indent = indent + 2;
      items.push(this.#map(indent + 2));
    }
    return items;
  }

  #map(indent: number): { [key: string]: Yaml } {
    const map: { [key: string]: Yaml } = {};
    for (let line = this.#next(indent); line; line = this.#next(indent)) {
      const [, key, value = ''] = /^([\w./-]+):(?: (.*))?$/.exec(line.text) ?? [];
      if (key === undefined) throw new Error(`line ${line.number}: no "key: value"`);
      if (key in map) throw new Error(`line ${line.number}: ${key} twice`);
      this.#at += 1;
      map[key] = value.trim() === '' ? this.#nested(indent, line) : scalar(value.trim(), line.number);
    }
    return map;
  }

  #nested(indent: number, parent: Line): Yaml {
    const next = this.#lines[this.#at];
    if (!next || next.indent <= indent) throw new Error(`line ${parent.number}: a key without a value`);
    return this.#block(next.indent);
  }

  /** The next line, if it is of this block. */
  #next(indent: number): Line | undefined {
    const line = this.#lines[this.#at];
    if (!line || line.indent < indent) return undefined;
    if (line.indent > indent) throw new Error(`line ${line.number}: indented too far`);
    return line;
  }
}

const isEntry = (text: string): boolean => /^[\w./-]+:( |$)/.test(text);

function scalar(text: string, number: number): Yaml {
  const quoted = /^"([^"\\]*)"$/.exec(text)?.[1];
  if (quoted !== undefined) return quoted;
  if (/^["'[{&*!|>%@`]/.test(text) || / #/.test(text)) throw new Error(`line ${number}: ${text} is not read here`);
  if (text === 'true' || text === 'false') return text === 'true';
  // YAML 1.1, which Kubernetes reads, takes these for booleans or null.
  if (/^(yes|no|on|off|y|n|null|~)$/i.test(text)) throw new Error(`line ${number}: put ${text} into quotes`);
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}
