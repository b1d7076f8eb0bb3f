// Numbers and elements: how they are written and compared.

const MINUS = "\u2212";

/** A number from the data, where nan and infinities are words. */
function num(x) {
  return typeof x === "string" ? { nan: NaN, inf: Infinity, "-inf": -Infinity }[x] : x;
}

/** So many significant digits, but below a million never less than a whole number. */
function format(x, digits) {
  x = num(x);
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x > 0 ? "∞" : MINUS + "∞";
  if (digits >= 17) return String(x).replace(/-/g, MINUS);
  const size = Math.abs(x);
  const whole = size < 1e6 ? Math.round(size).toString().length : 0;
  const precision = Math.max(digits, whole);
  const short = Number(x.toPrecision(precision));
  const far = size !== 0 && (size < 1e-4 || Math.abs(short) >= 10 ** Math.max(precision, 6));
  const text = far ? short.toExponential().replace("e+", "e") : String(short);
  return text.replace(/-/g, MINUS);
}

/** A number, or of an array its few entries or its range. */
function formatAny(x, digits) {
  if (x === null || typeof x !== "object") return format(x, digits);
  if (x.low === undefined) return "empty";
  if (x.shape.every((length) => length === 1)) return format(x.low, digits);
  if (num(x.low) === num(x.high)) return "all " + format(x.low, digits);
  if (x.entries) return nested(x.entries.map((y) => format(y, Math.min(digits, 4))), x.shape);
  return `${format(x.low, 3)} … ${format(x.high, 3)}`;
}

/** Entries in brackets, those of each row in their own. */
function nested(entries, [length, ...inner]) {
  const step = entries.length / length;
  const rows = Array.from({ length }, (_, i) => entries.slice(i * step, (i + 1) * step));
  return "[" + rows.map((row) => (inner.length ? nested(row, inner) : row[0])).join(" ") + "]";
}

/** The shape and dtype of an array. */
function shapeOf(x) {
  return x !== null && typeof x === "object" ? `(${x.shape.join(", ")}${x.shape.length === 1 ? "," : ""}) ${x.dtype}` : "";
}

/** Whether a guess is the number, to one part in a hundred. */
function isRight(guess, truth) {
  truth = num(truth);
  if (Number.isNaN(truth)) return false;
  return guess === truth || Number.isFinite(truth) && Math.abs(guess - truth) <= 0.01 * Math.abs(truth) + 1e-9;
}

/** An element with a class and contents; text is never markup. */
function element(tag, className, ...contents) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...contents.flat(Infinity).filter((x) => x !== null && x !== undefined));
  return made;
}
