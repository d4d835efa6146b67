import { type Blame, type ErrorCode, errorCatalogue } from '../../common/errorCatalogue.ts';

const actors: Record<Blame, string> = {
  caller: 'the caller of the API',
  streamer: 'the person at the encoder',
  operator: 'the operator of Livetran',
  storage: 'the operator of the object store',
  us: 'the makers of Livetran',
};

const head = `<!-- Written by \`node scripts/docs/writeErrors.ts\` from common/errorCatalogue.ts. Change that file. -->

# Errors

An error is a problem document ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)), \`application/problem+json\`:

\`\`\`json
{ "type": "/docs/errors#stream_running", "title": "The stream is running", "status": 409,
  "detail": "stream \\"show-1\\" is already READY; stop it before you start it again",
  "next": "Stop it first, or use another stream_id.", "code": "stream_running", "retryable": false,
  "request_id": "req_MnB3eV1kQ2Zx" }
\`\`\`

- Compare \`code\`. It stays the same; \`title\` and \`detail\` are for people.
- \`detail\` says which rule was broken and by what. \`errors\` lists each field or parameter with its rule: \`[{"name","rule"}]\`.
- \`retryable\`: the same request can succeed later, after \`Retry-After\` seconds. Otherwise change it first.
- \`request_id\` is also in the header \`X-Request-Id\` and in the log of the server. A request may bring its own \`X-Request-Id\` (8 to 64
  of \`A-Z a-z 0-9 . _ -\`).
- Answers under \`/api\` have \`"success": false\` and \`error\` (the same as \`detail\`) besides. Livetran's three calls have these two only.

Some codes are not answers to a request: they end a process at its start, or are the \`Reason\` of a stream's end.
`;

/** The text of docs/errors.md. */
export function errorsPage(): string {
  const sections = (Object.keys(errorCatalogue) as ErrorCode[]).map(section);
  return [head, ...sections].join('\n');
}

function section(code: ErrorCode): string {
  const { status, retryable, blame, title, next } = errorCatalogue[code];
  const again = retryable ? 'can succeed later' : 'fails again until something changes';
  return `## ${code}\n\n${title}. ${next}\n\nStatus ${status}. The same request ${again}. Who acts: ${actors[blame]}.\n`;
}
