// The story: which steps there are in an order, and how things stand after each of them.

/** What the rule of an operation says in words. */
const RULES = {
  add: "A sum hands its gradient to each operand as it is.",
  sub: "A difference hands its gradient to the first operand as it is, to the second with its sign turned.",
  mul: "A product hands on its gradient times the other operand.",
  div: "A quotient divides by the denominator; for the denominator itself the sign turns.",
  pow: "The exponent comes down in front, and goes down by one.",
  neg: "The sign turns.",
  relu: "Above 0 the gradient passes as it is; elsewhere it stops.",
  maximum: "The larger operand gets the whole gradient, the other none; a tie is shared.",
  minimum: "The smaller operand gets the whole gradient, the other none; a tie is shared.",
  abs: "The gradient passes with the sign of the input.",
  tanh: "The slope is 1 − tanh²: close to ±1 hardly anything passes.",
  sigmoid: "The slope is s · (1 − s): close to 0 and 1 hardly anything passes.",
  exp: "The slope of exp is exp itself.",
  log: "The slope of log is one over its input.",
  sqrt: "The slope of a root is one half over the root.",
  flat_root: "The slope of a root is one half over the root, and 0 at 0, where a length is least.",
  softmax: "Each output gets its gradient less their weighted mean, times itself.",
  sin: "The slope of sin is cos.",
  cos: "The slope of cos is −sin.",
  where: "Only the branch that was taken gets the gradient.",
  matmul: "A matrix product hands on its gradient times the other matrix, transposed.",
  linear: "The weights get gradient times input, the input gradient times weights.",
  sum: "Each summand gets the whole gradient.",
  sum_to: "Each summand gets the whole gradient.",
  broadcast_to: "Copies add up their gradients.",
  getitem: "The gradient goes back to the entries that were taken.",
};

const ORDERS = {
  engine: {
    name: "the engine’s",
    about: "Each node has its turn after all that use it. So its gradient is complete before it is passed on, and passed on once.",
  },
  recursive: {
    name: "recursive",
    about: "Wrong: whenever something arrives at a node, the node passes all that it has on at once. What it had passed on before is counted again.",
  },
  early: {
    name: "each once, too early",
    about: "Wrong: each node passes its gradient on once, but as soon as it is reached. What arrives after that is lost.",
  },
};

class Story {
  constructor(data) {
    this.data = data;
    this.nodes = data.nodes;
    this.root = data.root;
    this.uses = this.nodes.map(() => 0);
    this.final = this.nodes.map(() => null);
    this.final[this.root] = data.seed;
    this.contributions = 0; // of the engine
    for (const row of data.passes.engine) {
      const [arg, after] = isHook(row) ? [row[0], row[2]] : [row[2], row[6]];
      this.final[arg] = after;
      if (isHook(row)) continue;
      this.uses[arg] += 1;
      this.contributions += 1;
    }
    this.uses[this.root] = 1;
    this.groups = new Map(data.groups.map((group) => [group.id, group]));
    this.collapsed = new Set();
    this.tell("engine");
  }

  /** Choose an order and restart its steps. False if there are too many steps to list. */
  tell(order) {
    const pass = this.data.passes[order];
    if (!pass) return false;
    this.order = order;
    this.steps = [{ kind: "start" }];
    for (const node of this.data.forward) this.steps.push({ kind: "forward", node });
    this.turn = this.steps.length; // where the backward pass begins
    this.steps.push({ kind: "seed", node: this.root, part: this.data.seed, after: this.data.seed });
    for (const row of pass) {
      if (isHook(row)) {
        const [node, before, after] = row;
        this.steps.push({ kind: "hook", node, before, after });
      } else {
        const [from, argument, node, g, part, before, after] = row;
        this.steps.push({ kind: "backward", from, argument, node, g, part, before, after });
      }
    }
    this.steps.push({ kind: "end" });
    this.forwardStep = new Map(); // node: the step in which its value comes
    this.backwardStep = new Map(); // node: the last step in which something arrives
    this.steps.forEach((step, at) => {
      if (step.kind === "forward") this.forwardStep.set(step.node, at);
      if (step.after !== undefined) this.backwardStep.set(step.node, at);
    });
    this.begin();
    return true;
  }

  begin() {
    this.at = 0;
    this.known = this.nodes.map((node) => node.kind !== "step");
    this.grads = this.nodes.map(() => null);
    this.arrived = this.nodes.map(() => []); // node: the steps of its contributions
    this.hooked = new Map(); // node: the step in which its hooks changed the gradient
  }

  /** Bring things to how they stand after step `at`. */
  go(at) {
    at = Math.max(0, Math.min(at, this.steps.length - 1));
    if (at < this.at) this.begin();
    while (this.at < at) {
      const step = this.steps[++this.at];
      if (step.kind === "forward") this.known[step.node] = true;
      if (step.kind === "seed" || step.kind === "backward") {
        this.grads[step.node] = step.after;
        this.arrived[step.node].push(this.at);
      }
      if (step.kind === "hook") {
        this.grads[step.node] = step.after;
        this.hooked.set(step.node, this.at);
      }
    }
  }

  get step() {
    return this.steps[this.at];
  }

  /** The outermost collapsed group that a node is hidden in, if any. */
  hidden(node) {
    let found = null;
    for (let id = this.nodes[node].group; id; id = this.groups.get(id).parent) {
      if (this.collapsed.has(id)) found = id;
    }
    return found;
  }

  /** The collapsed group that a group itself is hidden in, if any. */
  hiddenGroup(group) {
    for (let id = this.groups.get(group).parent; id; id = this.groups.get(id).parent) {
      if (this.collapsed.has(id)) return id;
    }
    return null;
  }

  /** Whether a step happens out of sight, inside of one collapsed group. */
  isInside(step) {
    const group = step.node === undefined ? null : this.hidden(step.node);
    return group !== null && (step.from === undefined || this.hidden(step.from) === group);
  }

  /** The step to be shown after this one, or before it. */
  neighbour(direction) {
    let at = this.at + direction;
    while (at > 0 && at < this.steps.length - 1 && this.isInside(this.steps[at])) at += direction;
    return Math.max(0, Math.min(at, this.steps.length - 1));
  }

  /** The first step that concerns another node than this one does. */
  otherNode(direction) {
    const turn = (step) => (step.kind === "backward" ? step.from : step.node);
    let at = this.at + direction;
    const of = this.steps[Math.max(0, Math.min(at, this.steps.length - 1))];
    while (
      at + direction > 0 && at + direction < this.steps.length - 1 &&
      (this.steps[at + direction].kind === of.kind && turn(this.steps[at + direction]) === turn(of))
    ) at += direction;
    return Math.max(0, Math.min(at, this.steps.length - 1));
  }

  /** "none", "part" or "complete": how much of a node's gradient is there. */
  progress(node) {
    const arrived = this.arrived[node].length;
    if (!arrived) return "none";
    if (this.order !== "engine") return this.step.kind === "end" ? "complete" : "part";
    return arrived < this.uses[node] ? "part" : "complete";
  }

  /** The derivative: the engine's gradient, if no hooks changed it on its way. */
  derivative(node) {
    return this.data.derivatives[node] ?? null;
  }

  /** Whether hooks made a node's gradient another number than the derivative. */
  isBent(node) {
    return !same(this.final[node], this.derivative(node));
  }

  /** Whether the gradient that a wrong order arrived at is not the true one. Such orders know no hooks. */
  isWrong(node) {
    if (this.order === "engine" || this.step.kind !== "end" || this.final[node] === null) return false;
    return !same(this.grads[node], this.derivative(node));
  }
}

/** Whether a row of a pass describes a hook instead of a contribution. */
function isHook(row) {
  return row.length === 3;
}

/** Whether two numbers, or the summaries of two arrays, are equal up to rounding. */
function same(x, y) {
  if (x === null || y === null) return x === y;
  if (typeof x === "object") {
    return same(x.norm ?? 0, y.norm ?? 0) && same(x.low ?? 0, y.low ?? 0) && same(x.high ?? 0, y.high ?? 0);
  }
  [x, y] = [num(x), num(y)];
  return Object.is(x, y) || Math.abs(x - y) <= 1e-9 * Math.max(Math.abs(x), Math.abs(y));
}
