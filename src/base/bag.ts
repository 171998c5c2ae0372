/** A member of a bag. Its place is the bag's to set; none where it is in no bag. */
export interface Placed {
  place: number | undefined;
}

/**
 * Members in no order that come and go, with each request or each wait. No `Set`: V8 makes one anew after some changes, and the one
 * before keeps all that was in it, and each one after it, up to the next full collection.
 */
export class Bag<Member extends Placed> implements Iterable<Member> {
  readonly #members: Member[] = [];

  get size(): number {
    return this.#members.length;
  }

  add(member: Member): void {
    if (member.place === undefined) member.place = this.#members.push(member) - 1;
  }

  has(member: Member): boolean {
    return member.place !== undefined && this.#members[member.place] === member;
  }

  delete(member: Member): void {
    if (!this.has(member)) return;
    const place = member.place ?? 0;
    const last = this.#members.pop();
    if (last !== undefined && last !== member) {
      this.#members[place] = last;
      last.place = place;
    }
    member.place = undefined;
  }

  /** Empties it; answers what was in it. */
  takeAll(): Member[] {
    const members = this.#members.splice(0);
    for (const member of members) member.place = undefined;
    return members;
  }

  /** Those that are in it now, whoever goes meanwhile. */
  [Symbol.iterator](): Iterator<Member> {
    return [...this.#members].values();
  }
}
