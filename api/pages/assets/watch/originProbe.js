/** An origin that holds its answer for so long has nothing to play. */
const PATIENCE_MS = 3_000;
const AGAIN_MS = 10_000;

/** Whether the low-latency playlist can be had. Where it cannot, the player takes the one in the store, and asks again from time to time. */
export class OriginProbe {
  isUp = true;
  #timer;

  /** Looks now. @param {string} url of the low-latency playlist */
  async look(url) {
    try {
      this.isUp = (
        await fetch(url, { method: 'HEAD', cache: 'no-store', signal: AbortSignal.timeout(PATIENCE_MS) })
      ).ok;
    } catch {
      this.isUp = false;
    }
    return this.isUp;
  }

  /** Looks every 10 s, until it is there. @param {() => void} onUp */
  wait(url, onUp) {
    this.stop();
    this.#timer = setTimeout(async () => {
      if (await this.look(url)) onUp();
      else this.wait(url, onUp);
    }, AGAIN_MS);
  }

  stop() {
    clearTimeout(this.#timer);
  }
}
