// Numbers as text, comparisons of numbers, and elements of the page.

const MINUS = "\u2212";

/** Whether this is the summary of an array, not a number. */
function isArray(x) {
  return x !== null && typeof x === "object";
}

/** A number of the data, where nan and infinities are strings. */
function toNumber(x) {
  return typeof x === "string" ? { nan: NaN, inf: Infinity, "-inf": -Infinity }[x] : x;
}

/** A number with so many significant digits, but below a million never rounded to tens; of an array its entries or range. */
function format(x, digits) {
  if (isArray(x)) return formatArray(x, digits);
  x = toNumber(x);
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x > 0 ? "∞" : MINUS + "∞";
  if (digits >= 17) return String(x).replace(/-/g, MINUS);
  const size = Math.abs(x);
  const precision = Math.max(digits, size < 1e6 ? Math.round(size).toString().length : 0);
  const short = Number(x.toPrecision(precision));
  const isFar = size !== 0 && (size < 1e-4 || Math.abs(short) >= 10 ** Math.max(precision, 6));
  return (isFar ? short.toExponential().replace("e+", "e") : String(short)).replace(/-/g, MINUS);
}

function formatArray(x, digits) {
  if (x.low === undefined) return "empty";
  if (x.shape.every((length) => length === 1)) return format(x.low, digits);
  if (toNumber(x.low) === toNumber(x.high)) return "all " + format(x.low, digits);
  if (x.entries) return nested(x.entries.map((y) => format(y, Math.min(digits, 4))), x.shape);
  return `${format(x.low, 3)} … ${format(x.high, 3)}`;
}

/** Entries in brackets, those of each row in their own. */
function nested(entries, [length, ...inner]) {
  const step = entries.length / length;
  const rows = Array.from({ length }, (_, i) => entries.slice(i * step, (i + 1) * step));
  return "[" + rows.map((row) => (inner.length ? nested(row, inner) : row[0])).join(" ") + "]";
}

/** The shape and dtype of an array; "" for a number. */
function shapeOf(x) {
  return isArray(x) ? `(${x.shape.join(", ")}${x.shape.length === 1 ? "," : ""}) ${x.dtype}` : "";
}

/** Whether two numbers, or the summaries of two arrays, are equal up to rounding. */
function isSame(x, y) {
  if (x === null || y === null) return x === y;
  if (isArray(x)) return ["norm", "low", "high"].every((name) => isSame(x[name] ?? 0, y[name] ?? 0));
  [x, y] = [toNumber(x), toNumber(y)];
  return Object.is(x, y) || Math.abs(x - y) <= 1e-9 * Math.max(Math.abs(x), Math.abs(y));
}

/** Whether an answer equals the expected number within 1 %. */
function isRight(answer, expected) {
  expected = toNumber(expected);
  if (Number.isNaN(expected)) return Number.isNaN(answer);
  return answer === expected || Number.isFinite(expected) && Math.abs(answer - expected) <= 0.01 * Math.abs(expected) + 1e-9;
}

function plural(count, noun) {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** A new element with a class and contents; text is never read as markup. */
function element(tag, className, ...contents) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...contents.flat(Infinity).filter((x) => x !== null && x !== undefined));
  return made;
}

function get(id) {
  return document.getElementById(id);
}
