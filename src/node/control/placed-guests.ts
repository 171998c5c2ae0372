import type { Cell } from "./cell.ts";
import { usageSlotOf } from "../channel/index.ts";
import { nextGuestNumber } from "./guest-number.ts";
import type { Place, WorkloadRow } from "./workload-table.ts";

/** The guests that have a place, by cell and number: whose row it is that a cell speaks of. */
export class PlacedGuests {
  readonly #guests = new Map<Cell, Map<number, WorkloadRow>>();
  /** Slots of the usage board that the guests of each cell have; a cell may have thousands. */
  readonly #slots = new Map<Cell, Set<number>>();
  #lastNumber = 0;

  /** A number for the cell's next guest. */
  nextNumber(cell: Cell): number {
    return (this.#lastNumber = nextGuestNumber(this.#lastNumber, this.#slots.get(cell) ?? new Set()));
  }

  /** A number that an earlier control gave: those after it are given next. */
  noteNumber(guest: number): void {
    this.#lastNumber = Math.max(this.#lastNumber, guest);
  }

  add(row: WorkloadRow, place: Place): void {
    row.place = place;
    const guests = this.#guests.get(place.cell) ?? new Map<number, WorkloadRow>();
    this.#guests.set(place.cell, guests.set(place.guest, row));
    const slots = this.#slots.get(place.cell) ?? new Set<number>();
    this.#slots.set(place.cell, slots.add(usageSlotOf(place.guest)));
  }

  /** The guest has its place no more. */
  forget(row: WorkloadRow): void {
    if (row.place !== undefined) this.remove(row.place.cell, row.place.guest);
    delete row.place;
  }

  /** The guest has ended; its row says still where it was. */
  remove(cell: Cell, guest: number): void {
    if (this.#guests.get(cell)?.delete(guest) === true) this.#slots.get(cell)?.delete(usageSlotOf(guest));
  }

  removeAll(cell: Cell): void {
    this.#guests.delete(cell);
    this.#slots.delete(cell);
  }

  /** Those of one cell by their numbers. */
  of(cell: Cell): ReadonlyMap<number, WorkloadRow> {
    return this.#guests.get(cell) ?? new Map<number, WorkloadRow>();
  }

  rowOf(cell: Cell, guest: number | undefined): WorkloadRow | undefined {
    return guest === undefined ? undefined : this.#guests.get(cell)?.get(guest);
  }

  isPlaced({ place }: WorkloadRow): boolean {
    return place !== undefined && this.rowOf(place.cell, place.guest) !== undefined;
  }
}
