/**
 * Kubernetes' resource quantities (`100m`, `1.5Gi`, `12e6`), read and printed as apimachinery's `resource.Quantity`
 * does. Amounts are exact: a whole number of billionths, since that is the finest that Kubernetes keeps.
 */
import { KwasmError } from "#base";

export interface Quantity {
  readonly nanos: bigint;
  readonly format: QuantityFormat;
}

/** How a quantity was written, which is how it is printed again: `1k`, `1Ki` or `1e3`. */
export type QuantityFormat = "decimal" | "binary" | "exponent";

/** Characters of one quantity. Kubernetes has no limit; no real amount has a tenth of it. */
const QUANTITY_CHARS_MAX = 128;
/** Decimal exponent of `1e…`. Without a bound a few characters would ask for a number of gigabytes. */
const QUANTITY_EXPONENT_MAX = 100;
/** Binary amounts are capped at the largest int64, as Kubernetes caps them. */
const BINARY_VALUE_MAX = 2n ** 63n - 1n;
const NANO_DIGITS = 9;
const NANOS_PER_UNIT = 10n ** BigInt(NANO_DIGITS);
/** Milliunits are what CPU is counted in. */
const NANOS_PER_MILLI = 10n ** 6n;

const decimalExponents: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  "": 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const binarySuffixes = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"] as const;
const decimalSuffixes = new Map(Object.entries(decimalExponents).map(([suffix, exponent]) => [exponent, suffix]));

const quantityPattern =
  /^(?<sign>[+-]?)(?<whole>[0-9]*)(?:\.(?<fraction>[0-9]*))?(?<suffix>[eE][+-]?[0-9]+|[A-Za-z]*)$/;

/** Throws `invalid-argument` for a text that Kubernetes would refuse, `limit-exceeded` past the limits above. */
export function parseQuantity(text: string): Quantity {
  if (text.length > QUANTITY_CHARS_MAX) throw quantityTooLarge(text);
  const parts = quantityPattern.exec(text)?.groups;
  if (parts === undefined || text === "") throw quantityMalformed(text);
  const { sign = "", whole = "", fraction = "", suffix = "" } = parts;
  const scale = scaleOfSuffix(suffix, text);
  const digits = BigInt(`${whole}${fraction}` || "0");
  const numerator = digits * scale.numerator;
  const denominator = 10n ** BigInt(fraction.length) * scale.denominator;
  const magnitude = capBinary(divideUp(numerator * NANOS_PER_UNIT, denominator), scale.format);
  return { nanos: sign === "-" ? -magnitude : magnitude, format: formatOf(magnitude, scale.format) };
}

/** The whole number at or above the amount, as `Quantity.Value` gives it: bytes of memory, a count. */
export function quantityToNumber(quantity: Quantity): number {
  return Number(roundAway(quantity.nanos, NANOS_PER_UNIT));
}

/** Thousandths, rounded up, as `Quantity.MilliValue` gives them: CPU. */
export function quantityToMilli(quantity: Quantity): number {
  return Number(roundAway(quantity.nanos, NANOS_PER_MILLI));
}

/** Negative, zero or positive as `left` is less than, equal to or more than `right`. */
export function compareQuantities(left: Quantity, right: Quantity): number {
  return Number(left.nanos > right.nanos) - Number(left.nanos < right.nanos);
}

/** Kubernetes' canonical form: no fraction, the largest suffix that keeps the number whole. */
export function formatQuantity(quantity: Quantity): string {
  if (quantity.nanos === 0n) return "0";
  return isPrintedBinary(quantity) ? formatBinary(quantity.nanos / NANOS_PER_UNIT) : formatDecimal(quantity);
}

/** The canonical form of a quantity's text, which is how the API server stores it. Throws as `parseQuantity` does. */
export function canonicalQuantity(text: string): string {
  return formatQuantity(parseQuantity(text));
}

interface SuffixScale {
  readonly numerator: bigint;
  readonly denominator: bigint;
  readonly format: QuantityFormat;
}

function scaleOfSuffix(suffix: string, text: string): SuffixScale {
  const decimal = decimalExponents[suffix];
  if (decimal !== undefined) return powerOfTen(decimal, "decimal");
  const binary = (binarySuffixes as readonly string[]).indexOf(suffix);
  if (binary > 0) return { numerator: 1024n ** BigInt(binary), denominator: 1n, format: "binary" };
  const exponent = /^[eE](?<exponent>[+-]?[0-9]+)$/.exec(suffix)?.groups?.["exponent"];
  if (exponent === undefined) throw unknownSuffix(suffix, text);
  if (Math.abs(Number(exponent)) > QUANTITY_EXPONENT_MAX) throw quantityTooLarge(text);
  return powerOfTen(Number(exponent), "exponent");
}

function powerOfTen(exponent: number, format: QuantityFormat): SuffixScale {
  const power = 10n ** BigInt(Math.abs(exponent));
  return exponent < 0 ? { numerator: 1n, denominator: power, format } : { numerator: power, denominator: 1n, format };
}

function capBinary(nanos: bigint, format: QuantityFormat): bigint {
  const nanosMax = BINARY_VALUE_MAX * NANOS_PER_UNIT;
  return format === "binary" && nanos > nanosMax ? nanosMax : nanos;
}

/** A binary amount below one unit has no binary form, so Kubernetes goes on with it as a decimal one. */
function formatOf(magnitude: bigint, format: QuantityFormat): QuantityFormat {
  return format === "binary" && magnitude < NANOS_PER_UNIT ? "decimal" : format;
}

function isPrintedBinary({ nanos, format }: Quantity): boolean {
  const magnitude = nanos < 0n ? -nanos : nanos;
  return format === "binary" && magnitude >= 1024n * NANOS_PER_UNIT && magnitude % NANOS_PER_UNIT === 0n;
}

function formatBinary(value: bigint): string {
  let mantissa = value;
  let power = 0;
  while (mantissa % 1024n === 0n && power < binarySuffixes.length - 1) {
    mantissa /= 1024n;
    power += 1;
  }
  return `${mantissa}${binarySuffixes[power] ?? ""}`;
}

function formatDecimal({ nanos, format }: Quantity): string {
  let mantissa = nanos;
  let exponent = -NANO_DIGITS;
  const exponentMax = format === "exponent" ? Infinity : 18;
  while (mantissa % 1000n === 0n && exponent < exponentMax) {
    mantissa /= 1000n;
    exponent += 3;
  }
  if (format === "exponent") return exponent === 0 ? String(mantissa) : `${mantissa}e${exponent}`;
  return `${mantissa}${decimalSuffixes.get(exponent) ?? ""}`;
}

function divideUp(numerator: bigint, denominator: bigint): bigint {
  return (numerator + denominator - 1n) / denominator;
}

/** Away from zero: who asks for some of a resource gets some. */
function roundAway(nanos: bigint, unit: bigint): bigint {
  return nanos < 0n ? -divideUp(-nanos, unit) : divideUp(nanos, unit);
}

function quantityMalformed(text: string): KwasmError {
  return new KwasmError(
    "invalid-argument",
    `quantity ${JSON.stringify(text)} must be a number with a suffix, such as "100m", "1.5Gi" or "12e6"`,
  );
}

function unknownSuffix(suffix: string, text: string): KwasmError {
  const known = [...Object.keys(decimalExponents), ...binarySuffixes].filter((name) => name !== "").join(" ");
  const near = suffix === "K" ? '; write "k" for a thousand or "Ki" for 1024' : "";
  return new KwasmError(
    "invalid-argument",
    `unable to parse the suffix ${JSON.stringify(suffix)} of quantity ${JSON.stringify(text)}: use one of ${known}${near}`,
  );
}

function quantityTooLarge(text: string): KwasmError {
  return new KwasmError(
    "limit-exceeded",
    `quantity ${JSON.stringify(text.slice(0, 32))} is longer than ${QUANTITY_CHARS_MAX} characters or its exponent is past ${QUANTITY_EXPONENT_MAX}`,
  );
}
