import { once } from 'node:events';
import { connect } from 'node:net';

export interface RawAnswer {
  status: number;
  headers: Map<string, string>;
  body: string;
}

/** Sends these bytes to the API over plain TCP, and reads the answer as far as its Content-Length goes. For tests. */
export async function rawRequest(url: string, bytes: string | Buffer): Promise<RawAnswer> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  const ended = once(socket, 'close');
  let text = '';
  try {
    socket.on('error', () => undefined);
    socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
    const whole = new Promise<void>(done => {
      socket.on('data', data => {
        text += data.toString('latin1');
        const [head = '', body] = split(text);
        const length = /^content-length: (\d+)/im.exec(head)?.[1];
        if (body !== undefined && length !== undefined && body.length >= Number(length)) done();
      });
    });
    await Promise.race([whole, ended]);
  } finally {
    socket.destroy();
  }
  const [head = '', body = ''] = split(text);
  const [line = '', ...lines] = head.split('\r\n');
  const headers = lines.map(of => [of.slice(0, of.indexOf(':')).toLowerCase(), of.slice(of.indexOf(':') + 2)] as const);
  return { status: Number(line.split(' ')[1]), headers: new Map(headers), body };
}

function split(text: string): [string, string?] {
  const end = text.indexOf('\r\n\r\n');
  return end === -1 ? [text] : [text.slice(0, end), text.slice(end + 4)];
}
