// Numbers and formulas: how they are read, written and asked for.

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
  return x !== null && typeof x === "object" ? `(${x.shape.join(", ")}) ${x.dtype}` : "";
}

/** What a reader typed: a number or plain arithmetic such as 2*-3, (1-0.5)/4, 3^2; NaN if neither. */
function evaluate(text) {
  const tokens = text.replace(/[\u2212\u2013]/g, "-").replace(/[·×]/g, "*").replace(/÷/g, "/")
    .replace(/\*\*/g, "^").replace(/,/g, ".").match(/\d*\.?\d+(e[+-]?\d+)?|\d+\.|∞|inf(?:inity)?\b|[-+*/^()]|\S/gi) || [];
  let at = 0;
  const sum = () => {
    let x = product();
    while (tokens[at] === "+" || tokens[at] === "-") x = tokens[at++] === "+" ? x + product() : x - product();
    return x;
  };
  const product = () => {
    let x = signed();
    while (tokens[at] === "*" || tokens[at] === "/") x = tokens[at++] === "*" ? x * signed() : x / signed();
    return x;
  };
  const signed = () => {
    if (tokens[at] === "-") return at++, -signed();
    if (tokens[at] === "+") return at++, signed();
    const base = atom();
    return tokens[at] === "^" ? (at++, base ** signed()) : base;
  };
  const atom = () => {
    if (tokens[at] === "(") {
      at++;
      const x = sum();
      return tokens[at++] === ")" ? x : NaN;
    }
    if (/^(∞|inf)/i.test(tokens[at] || "")) return at++, Infinity;
    return /^[\d.]/.test(tokens[at] || "") ? Number(tokens[at++]) : NaN;
  };
  const x = sum();
  return at === tokens.length ? x : NaN;
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
