import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

/** A caller's NAT: one side for the caller, the other with a source port of its own, which can change. */
export class UdpRelay {
  readonly port: number;
  /** What it has passed on for the caller, the newest last. */
  readonly recorded: Buffer[] = [];
  readonly #inside: Socket;
  readonly #target: number;
  #outside: Socket;
  #caller: number | undefined;
  #held: Buffer[] | undefined;

  /** @param target port of 127.0.0.1 */
  static async open(target: number): Promise<UdpRelay> {
    return new UdpRelay(await bound(), await bound(), target);
  }

  private constructor(inside: Socket, outside: Socket, target: number) {
    this.#inside = inside;
    this.#target = target;
    this.port = inside.address().port;
    this.#outside = outside;
    this.#listen(outside);
    inside.on('message', (packet, { port }) => {
      this.#caller = port;
      if (this.#held) this.#held.push(packet);
      else this.#forward(packet);
    });
  }

  /** From now on packets come from another port. What is sent to the former one is lost. */
  async changePort(): Promise<void> {
    const next = await bound();
    this.#outside.close();
    this.#outside = next;
    this.#listen(next);
  }

  /** Holds the caller's packets back, until `release()`. */
  hold(): void {
    this.#held = [];
  }

  release(): void {
    for (const packet of this.#held ?? []) this.#forward(packet);
    this.#held = undefined;
  }

  close(): void {
    this.#inside.close();
    this.#outside.close();
  }

  #forward(packet: Buffer): void {
    this.recorded.push(packet);
    this.#outside.send(packet, this.#target, '127.0.0.1');
  }

  #listen(socket: Socket): void {
    socket.on('message', packet => {
      if (this.#caller !== undefined) this.#inside.send(packet, this.#caller, '127.0.0.1');
    });
  }
}

async function bound(): Promise<Socket> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}
