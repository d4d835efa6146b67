import { setTimeout as sleep } from 'node:timers/promises';
import koffi from 'koffi';
import { encodeAddress } from '../../../common/net/socketAddress.ts';
import { srtOptions } from '../srtOptions.ts';

// Run by callRepeatedly.ts: <port> <stream id> <times> <calls a second, 0 = as fast as they go>
// <passphrase, '' = none> <bytes of the AES key, 0 = libsrt's own>

const [port = 0, , times = 0, perSecond = 0] = process.argv.slice(2).map(Number);
const streamId = Buffer.from(process.argv[3] ?? '');
const passphrase = Buffer.from(process.argv[6] ?? '');
const keyLength = Buffer.alloc(4);
keyLength.writeInt32LE(Number(process.argv[7] ?? 0));
const library = koffi.load(process.platform === 'darwin' ? '/opt/homebrew/lib/libsrt.dylib' : 'libsrt-gnutls.so.1.5');
const startup = library.func('int srt_startup()');
const setLogLevel = library.func('void srt_setloglevel(int level)');
const createSocket = library.func('int srt_create_socket()');
const setFlag = library.func('int srt_setsockflag(int socket, int option, const void *value, int length)');
const connect = library.func('int srt_connect(int socket, const void *address, int length)');
const rejectReason = library.func('int srt_getrejectreason(int socket)');
const close = library.func('int srt_close(int socket)');
const cleanup = library.func('int srt_cleanup()');

startup();
setLogLevel(0);
const address = encodeAddress('127.0.0.1', port);
const codes: Record<string, number> = {};
const begin = performance.now();
for (let call = 0; call < times; call += 1) {
  const due = perSecond > 0 ? begin + (call * 1_000) / perSecond : 0;
  if (due > performance.now()) await sleep(due - performance.now());
  const socket: number = createSocket();
  setFlag(socket, srtOptions.STREAMID, streamId, streamId.length);
  if (passphrase.length > 0) {
    setFlag(socket, srtOptions.PBKEYLEN, keyLength, keyLength.length);
    setFlag(socket, srtOptions.PASSPHRASE, passphrase, passphrase.length);
  }
  const code: number = connect(socket, address, address.length) === -1 ? rejectReason(socket) : 0;
  codes[code] = (codes[code] ?? 0) + 1;
  close(socket);
}
process.stdout.write(JSON.stringify({ codes, seconds: (performance.now() - begin) / 1_000 }));
cleanup();
