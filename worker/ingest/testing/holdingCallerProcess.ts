import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import koffi from 'koffi';
import { encodeAddress } from '../../../common/net/socketAddress.ts';
import { srtOptions } from '../srtOptions.ts';

// Run by HoldingCaller: each line of stdin is one call, as JSON {"port", "streamId", "passphrase"?}. It sends packets until the
// connection breaks. Writes `{"code"}` when the call is answered (0: let in), and `{"brokenAt"}` (ms since 1970) at the end.

const SRTS_CONNECTED = 5;
const PACKET = Buffer.alloc(1_316, Buffer.concat([Buffer.from([0x47, 0x1f, 0xff, 0x10]), Buffer.alloc(184)]));

const library = koffi.load(process.platform === 'darwin' ? '/opt/homebrew/lib/libsrt.dylib' : 'libsrt-gnutls.so.1.5');
const startup = library.func('int srt_startup()');
const setLogLevel = library.func('void srt_setloglevel(int level)');
const createSocket = library.func('int srt_create_socket()');
const setFlag = library.func('int srt_setsockflag(int socket, int option, const void *value, int length)');
const connect = library.func('int srt_connect(int socket, const void *address, int length)');
const rejectReason = library.func('int srt_getrejectreason(int socket)');
const state = library.func('int srt_getsockstate(int socket)');
const send = library.func('int srt_send(int socket, const void *buffer, int length)');
const close = library.func('int srt_close(int socket)');

const report = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
const setText = (socket: number, option: number, text: string): void => {
  const bytes = Buffer.from(text);
  if (bytes.length > 0) setFlag(socket, option, bytes, bytes.length);
};

startup();
setLogLevel(0);
for await (const line of createInterface({ input: process.stdin })) {
  const {
    port,
    streamId,
    passphrase = '',
  } = JSON.parse(line) as Record<'streamId' | 'passphrase', string> & { port: number };
  const socket: number = createSocket();
  setText(socket, srtOptions.STREAMID, streamId);
  setText(socket, srtOptions.PASSPHRASE, passphrase);
  const address = encodeAddress('127.0.0.1', port);
  const code: number = connect(socket, address, address.length) === -1 ? rejectReason(socket) : 0;
  report({ code });
  while (code === 0 && state(socket) === SRTS_CONNECTED) {
    send(socket, PACKET, PACKET.length);
    await sleep(2);
  }
  report({ brokenAt: Date.now() });
  close(socket);
}
