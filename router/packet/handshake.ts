import { controlType, controlTypes, destinationOf, HEADER_BYTES, isControl } from './packet.ts';

/** Header and handshake without extensions (draft-sharabayko-srt-01, section 3.2.1). */
const HANDSHAKE_BYTES = 64;
/** A caller's handshake fits one packet of an Ethernet MTU. */
const MOST_BYTES = 1_500;
const INDUCTION = 1;
const CONCLUSION = -1;
const MAGIC = 0x4a17;
const STREAM_ID = 5;
/** SRTO_STREAMID's limit. */
const STREAM_ID_BYTES = 512;

export interface Handshake {
  kind: 'induction' | 'conclusion' | 'refusal' | 'other';
  /** 5: with extensions, the only one that has stream ids. */
  version: number;
  /** The sender's socket id. */
  socketId: number;
  cookie: number;
  /** First sequence number. */
  sequence: number;
  /** Of a refusal: the wire code, which is the reason + 1000. */
  code: number;
}

/** Undefined for what is no handshake. Bounded: a fixed number of fields, and no extension is read. */
export function parseHandshake(packet: Buffer): Handshake | undefined {
  if (packet.length < HANDSHAKE_BYTES || packet.length > MOST_BYTES) return undefined;
  if (!isControl(packet) || controlType(packet) !== controlTypes.HANDSHAKE) return undefined;
  const type = packet.readInt32BE(36);
  const kinds = { [INDUCTION]: 'induction', [CONCLUSION]: 'conclusion' } as const;
  return {
    kind: kinds[type as keyof typeof kinds] ?? (type >= 1_000 ? 'refusal' : 'other'),
    version: packet.readUInt32BE(16),
    socketId: packet.readUInt32BE(40),
    cookie: packet.readUInt32BE(44),
    sequence: packet.readUInt32BE(24) & 0x7fffffff,
    code: type,
  };
}

/** A caller's first packet has no receiver yet. */
export const isFirstContact = (packet: Buffer): boolean => destinationOf(packet) === 0;

/**
 * The stream id of a conclusion (extension SRT_CMD_SID: each four bytes are reversed); '' without one, or when the
 * extensions are cut short.
 */
export function streamIdOf(conclusion: Buffer): string {
  const place = streamIdPlace(conclusion);
  return place ? reversedText(conclusion.subarray(place.at + 4, place.end)) : '';
}

function streamIdPlace(conclusion: Buffer): { at: number; end: number } | undefined {
  let at = HANDSHAKE_BYTES;
  while (at + 4 <= conclusion.length) {
    const type = conclusion.readUInt16BE(at);
    const end = at + 4 + 4 * conclusion.readUInt16BE(at + 2);
    if (end > conclusion.length) return undefined;
    if (type === STREAM_ID) return { at, end };
    at = end;
  }
  return undefined;
}

function reversedText(bytes: Buffer): string {
  if (bytes.length > STREAM_ID_BYTES) return '';
  const text = Buffer.from(bytes).swap32();
  const end = text.indexOf(0);
  return text.toString('utf8', 0, end < 0 ? text.length : end);
}

/** A caller's conclusion with another stream id in place of its own. */
export function withStreamId(conclusion: Buffer, text: string): Buffer {
  const bytes = Buffer.alloc(4 * Math.ceil(Buffer.byteLength(text) / 4));
  bytes.write(text);
  const extension = Buffer.alloc(4);
  extension.writeUInt16BE(STREAM_ID, 0);
  extension.writeUInt16BE(bytes.length / 4, 2);
  const place = streamIdPlace(conclusion);
  if (!place) return conclusion;
  const { at, end } = place;
  return Buffer.concat([conclusion.subarray(0, at), extension, bytes.swap32(), conclusion.subarray(end)]);
}

/** What a listener answers to an induction: the cookie, and that it speaks version 5. As large as the question. */
export function inductionAnswer(induction: Buffer, cookie: number): Buffer {
  const answer = Buffer.from(induction.subarray(0, HANDSHAKE_BYTES));
  answer.writeUInt32BE(induction.readUInt32BE(40), 12);
  answer.writeUInt32BE(5, 16);
  answer.writeUInt16BE(0, 20);
  answer.writeUInt16BE(MAGIC, 22);
  answer.writeUInt32BE(cookie, 44);
  return answer;
}

/** @param code the reason, 1000 or more for an application's own; on the wire it is 1000 more (libsrt, URQFailure) */
export function refusal(conclusion: Buffer, code: number): Buffer {
  const answer = Buffer.from(conclusion.subarray(0, HANDSHAKE_BYTES));
  answer.writeUInt32BE(conclusion.readUInt32BE(40), 12);
  answer.writeUInt32BE(5, 16);
  answer.writeUInt32BE(0, 20);
  answer.writeInt32BE(1_000 + code, 36);
  return answer;
}

/** The induction that comes before a caller's conclusion, made from it. */
export function inductionFor(conclusion: Buffer): Buffer {
  const induction = Buffer.from(conclusion.subarray(0, HANDSHAKE_BYTES));
  induction.writeUInt32BE(0, 12);
  induction.writeUInt32BE(4, 16);
  induction.writeUInt32BE(2, 20);
  induction.writeInt32BE(INDUCTION, 36);
  induction.writeUInt32BE(0, 44);
  return induction;
}

/** A caller's conclusion for another listener. `sequence` and `timestamp` move the connection's beginning to a later one. */
export function conclusionWith(
  conclusion: Buffer,
  change: { cookie: number; sequence?: number; timestamp?: number },
): Buffer {
  const packet = Buffer.from(conclusion);
  packet.writeUInt32BE(change.cookie, 44);
  if (change.sequence !== undefined) packet.writeUInt32BE(change.sequence, 24);
  if (change.timestamp !== undefined) packet.writeUInt32BE(change.timestamp, 8);
  return packet;
}

/** A listener's answer with another socket id in place of its own, so that the caller sends to that. */
export function answerWithId(answer: Buffer, socketId: number): Buffer {
  const packet = Buffer.from(answer);
  packet.writeUInt32BE(socketId, 40);
  return packet;
}

export const isLongEnough = (packet: Buffer): boolean => packet.length >= HEADER_BYTES;
