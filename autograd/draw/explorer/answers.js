// Answers: expressions of numbers, functions and names of nodes.

const FUNCTIONS = {
  sin: Math.sin, cos: Math.cos, tan: Math.tan, arcsin: Math.asin, arccos: Math.acos, arctan: Math.atan,
  sinh: Math.sinh, cosh: Math.cosh, tanh: Math.tanh,
  arcsinh: Math.asinh, arccosh: Math.acosh, arctanh: Math.atanh,
  exp: Math.exp, exp2: (x) => 2 ** x, expm1: Math.expm1,
  log: Math.log, log2: Math.log2, log10: Math.log10, log1p: Math.log1p,
  sqrt: Math.sqrt, cbrt: Math.cbrt, square: (x) => x * x, reciprocal: (x) => 1 / x,
  abs: Math.abs, sign: Math.sign, floor: Math.floor, ceil: Math.ceil, trunc: Math.trunc, round: roundToEven,
  relu: (x) => (x > 0 ? x : 0 * x), sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  softplus: (x) => logAddExp(x, 0), silu: (x) => x / (1 + Math.exp(-x)), softsign: (x) => x / (1 + Math.abs(x)),
  erfinv, lgamma: (x) => gammas(-1, x), digamma: (x) => gammas(0, x), polygamma: (n, x) => gammas(n, x),
  logit: (x) => Math.log(x / (1 - x)), erf, erfc: (x) => 1 - erf(x), sinc: (x) => (x ? Math.sin(Math.PI * x) / (Math.PI * x) : 1),
  maximum: Math.max, minimum: Math.min, hypot: Math.hypot, arctan2: Math.atan2, power: Math.pow,
  logaddexp: logAddExp, xlogy: (x, y) => (x ? x * Math.log(y) : 0),
  fmod: (x, y) => x % y, heaviside: (x, y) => (x ? Number(x > 0) : y),
  copysign: (x, y) => (1 / y < 0 || y < 0 ? -Math.abs(x) : Math.abs(x)),
  floor_divide: (x, y) => Math.floor(x / y), mod: (x, y) => x - y * Math.floor(x / y),
};
const OTHER_NAMES = {
  asin: "arcsin", acos: "arccos", atan: "arctan", asinh: "arcsinh", acosh: "arccosh", atanh: "arctanh",
  atan2: "arctan2", ln: "log", max: "maximum", min: "minimum", pow: "power", "√": "sqrt",
};
const CONSTANTS = { pi: Math.PI, "π": Math.PI, e: Math.E };
const NUMERALS = { inf: Infinity, infinity: Infinity, "∞": Infinity, nan: NaN }; // names, where in quotes
const DECIMAL = /^(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const TOKEN = /\s*("[^"]*"|\d+\.?\d*(?:e[+-]?\d+)?(?![\w#]|\.[^\W\d])|\.\d+(?:e[+-]?\d+)?|[\p{L}_\d][\p{L}\p{M}_\d.]*(?:#\d+)?|\*\*|[∞√]|\S)/giuy;
const LONGEST_ANSWER = 200;
const ACCEPTED = "Use numbers, + - * / ** and parentheses, functions such as sin, exp and sqrt, and names of nodes that have a value";

/** An answer that can't be read; the message says why. */
class Unreadable extends Error {}

/**
 * The value of an expression such as 2*-3, sin(2) or x*y. It is parsed here, and never run as code.
 * `names` maps the names that it may use to numbers. A comma is a decimal point, except in functions of several numbers.
 */
function evaluate(text, names = new Map()) {
  if (text.length > LONGEST_ANSWER) throw new Unreadable(`An answer has at most ${LONGEST_ANSWER} characters.`);
  const tokens = [...plainSigns(text).matchAll(TOKEN)].map(([, token]) => token);
  let at = 0;
  const accept = (...some) => (some.includes(tokens[at]) ? tokens[at++] : null);
  const sum = () => {
    let x = product();
    for (let sign; (sign = accept("+", "-")); ) x = sign === "+" ? x + product() : x - product();
    return x;
  };
  const product = () => {
    let x = signed();
    for (let sign; (sign = accept("*", "/")); ) x = sign === "*" ? x * signed() : x / signed();
    return x;
  };
  const signed = () => {
    const sign = accept("+", "-");
    if (sign) return sign === "-" ? -signed() : signed();
    const base = atom();
    return accept("^", "**") ? base ** signed() : base;
  };
  const closed = (x) => {
    if (!accept(")")) throw new Unreadable("A closing parenthesis is missing.");
    return x;
  };
  const call = (name) => {
    const parts = [sum()];
    while (accept(",", ";")) parts.push(sum());
    closed();
    const f = FUNCTIONS[name];
    const wanted = f.length;
    if (parts.length !== wanted) throw new Unreadable(`${name} takes ${wanted} ${wanted === 1 ? "number" : "numbers"}.`);
    return f(...parts);
  };
  const atom = () => {
    if (at === tokens.length) throw new Unreadable(at ? "The expression is incomplete: an operand is missing at the end." : `There is no answer yet. ${ACCEPTED}.`);
    const token = tokens[at++];
    if (token === "(") return closed(sum());
    if (DECIMAL.test(token)) return Number(token);
    const name = token.replace(/^"(.*)"$/, "$1");
    const lower = name.toLowerCase();
    if (Object.hasOwn(NUMERALS, token.toLowerCase())) return NUMERALS[lower];
    const key = functionNamed(name);
    if (key && accept("(")) return call(key);
    if (names.has(name)) return known(name, names.get(name));
    if (token === "√") return Math.sqrt(atom());
    if (Object.hasOwn(CONSTANTS, lower)) return CONSTANTS[lower];
    if (key) throw new Unreadable(`${name} needs its number in parentheses: ${name}(2).`);
    const why = /^\.?\d/.test(token) ? "is not a number" : "can't be read here";
    throw new Unreadable(`“${token}” ${why}. ${ACCEPTED}${listed(names)}.`);
  };
  const x = sum();
  if (at < tokens.length) throw new Unreadable(`“${tokens[at]}” can't be read here. ${ACCEPTED}${listed(names)}.`);
  return x;
}

/** The text with one sign for each operation, and with decimal points. */
function plainSigns(text) {
  const plain = text.trim().replace(/[\u2212\u2013]/g, "-").replace(/[·×⋅]/g, "*").replace(/[÷∕]/g, "/")
    .replace(/[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+/g, (digits) => "**" + [...digits].map((c) => (c === "⁻" ? "-" : "⁰¹²³⁴⁵⁶⁷⁸⁹".indexOf(c))).join(""));
  const several = []; // for each open parenthesis, whether it holds several arguments
  return [...plain].map((c, i) => {
    if (c === "(") several.push(argumentsOf(plain.slice(0, i)) > 1);
    if (c === ")") several.pop();
    return c === "," && !several.includes(true) && /\d/.test(plain[i + 1] || "") ? "." : c;
  }).join("");
}

/** The function of this name, in any case, or null. */
function functionNamed(name) {
  const lower = name.toLowerCase();
  const key = Object.hasOwn(OTHER_NAMES, lower) ? OTHER_NAMES[lower] : lower;
  return Object.hasOwn(FUNCTIONS, key) ? key : null;
}

/** The number of arguments of the function whose name ends a text; 0 without one. */
function argumentsOf(text) {
  const key = functionNamed(/[a-z_\d]*\s*$/i.exec(text)[0].trim());
  return key ? FUNCTIONS[key].length : 0;
}

/** The value of a name. */
function known(name, x) {
  if (x === null) throw new Unreadable(`${name} has no value yet.`);
  if (isArray(x)) throw new Unreadable(`${name} is an array; answers are single numbers.`);
  return toNumber(x);
}

/** Some of the names that have a number. */
function listed(names) {
  const some = [...names].filter(([, x]) => x !== null && !isArray(x)).map(([name]) => name);
  return some.length ? `: ${some.slice(0, 6).join(", ")}${some.length > 6 ? " …" : ""}` : "";
}

function logAddExp(x, y) {
  const top = Math.max(x, y);
  return Number.isFinite(top) ? top + Math.log1p(Math.exp(Math.min(x, y) - top)) : top;
}

function roundToEven(x) {
  const below = Math.floor(x);
  return x - below === 0.5 ? below + (below % 2 ? 1 : 0) : Math.round(x);
}

/** The error function by its Taylor series, which converges slowly far from 0, where erf is ±1. */
function erf(x) {
  if (Math.abs(x) > 6) return Math.sign(x);
  let [term, total] = [x, x];
  for (let n = 1; n < 200; n++) {
    term *= (-x * x) / n;
    total += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * total;
}

/** The inverse of erf by Newton's method: on its way from 0 it never steps beyond the root. */
function erfinv(y) {
  if (!(Math.abs(y) < 1)) return Math.abs(y) === 1 ? y * Infinity : NaN;
  let x = 0;
  for (let step = 1, n = 0; Math.abs(step) > 1e-15 && n < 200; n++) {
    step = ((erf(x) - y) * Math.sqrt(Math.PI) * Math.exp(x * x)) / 2;
    x -= step;
  }
  return x;
}

/** log |gamma(x)| for n = -1, digamma for n = 0, its n-th derivative: by Stirling's series 20 steps further. */
function gammas(n, x) {
  const factorial = (k) => (k > 1 ? k * factorial(k - 1) : 1);
  let [steps, end] = [0, x];
  for (; end < 20 + n && x > -1000; end++) steps += n < 0 ? Math.log(Math.abs(end)) : factorial(n) * end ** (-n - 1);
  const logs = n < 0 ? (end - 0.5) * Math.log(end) - end + Math.log(2 * Math.PI) / 2 : -Math.log(end) + 0.5 / end;
  let total = n > 0 ? factorial(n - 1) * end ** -n + (factorial(n) / 2) * end ** (-n - 1) : logs;
  [1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66].forEach((b, i) => {
    const k = 2 * (i + 1);
    total += ((b * factorial(k + n - 1)) / factorial(k)) * end ** (-k - n);
  });
  return n < 0 ? total - steps : (n % 2 ? 1 : -1) * (total + steps);
}
