/** Requests with descriptors under way at once: the packet socket's buffer holds about a hundred packets. */
const HANDOVERS_MAX = 32;

/** Lets so many handovers through at once that no packet of descriptors finds its socket's buffer full. */
export class HandoverGate {
  readonly #waiting: (() => void)[] = [];
  #underWay = 0;

  /** Runs `send` when there is room for it; what waits is let through in its order. */
  async pass<Answer>(send: () => Promise<Answer>): Promise<Answer> {
    while (this.#underWay >= HANDOVERS_MAX) await new Promise<void>((resume) => this.#waiting.push(resume));
    this.#underWay++;
    try {
      return await send();
    } finally {
      this.#underWay--;
      this.#waiting.shift()?.();
    }
  }

  /** Lets everything through: nothing will be answered any more. */
  open(): void {
    for (const resume of this.#waiting.splice(0)) resume();
  }
}
