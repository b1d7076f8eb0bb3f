// The steps of a computation in some order, and the state of all nodes after each of them.

/** The rules of operations in words. */
const RULES = {
  add: "A sum passes its gradient to each operand unchanged.",
  sub: "A difference passes its gradient to the first operand unchanged, to the second with the sign reversed.",
  mul: "A product passes on its gradient times the other operand.",
  div: "The numerator gets the gradient divided by the denominator; the denominator gets that times minus the quotient.",
  pow: "The derivative of xⁿ is n xⁿ⁻¹.",
  neg: "The sign is reversed.",
  relu: "Above 0 the gradient passes unchanged; elsewhere it is 0.",
  maximum: "The larger operand gets the whole gradient, the other gets 0; equal operands get half each.",
  minimum: "The smaller operand gets the whole gradient, the other gets 0; equal operands get half each.",
  abs: "The gradient passes with the sign of the input.",
  tanh: "The derivative is 1 − tanh²: near 0 where tanh is close to ±1.",
  sigmoid: "The derivative is s (1 − s): near 0 where s is close to 0 or 1.",
  exp: "The derivative of exp is exp itself.",
  log: "The derivative of log x is 1/x.",
  sqrt: "The derivative of √x is 1/(2√x).",
  flat_root: "The derivative of √x is 1/(2√x), and 0 at 0, where a length is smallest.",
  softmax: "Each output gets its gradient minus their weighted mean, times itself.",
  sin: "The derivative of sin is cos.",
  cos: "The derivative of cos is −sin.",
  where: "Only the selected branch gets the gradient.",
  matmul: "A matrix product passes on its gradient times the other matrix, transposed.",
  linear: "The weights get gradient times input, the input gets gradient times weights.",
  sum: "Each summand gets the whole gradient.",
  sum_to: "Each summand gets the whole gradient.",
  broadcast_to: "The gradients of all copies are added.",
  getitem: "The gradient goes to the selected entries; all others get 0.",
};

/** The orders of a backward pass. */
const ORDERS = {
  topological: "",
  recursive: "Wrong: at each contribution, a node passes its whole gradient on at once. What it passed on before counts again.",
  early: "Wrong: a node passes its gradient on only once, but already at the first contribution. What is added later is lost.",
};

class Timeline {
  constructor(data) {
    this.data = data;
    this.nodes = data.nodes;
    this.root = data.root;
    this.groups = new Map(data.groups.map((group) => [group.id, group]));
    this.collapsed = new Set();
    this.select("topological");
    this.goTo(Infinity);
    this.uses = this.arrived.map((steps) => steps.length);
    this.final = this.grads;
    this.contributions = this.steps.filter((step) => step.kind === "backward").length;
    this.restart();
  }

  /** Choose an order and restart. False if its steps are too many to be listed. */
  select(order) {
    const pass = this.data.passes[order];
    if (!pass) return false;
    const forward = this.data.forward.map((node) => ({ kind: "forward", node }));
    const backward = pass.map((row) => {
      if (row.length === 3) return { kind: "hook", node: row[0], before: row[1], after: row[2] };
      const [from, argument, node, g, part, before, after] = row;
      return { kind: "backward", from, argument, node, g, part, before, after };
    });
    const { seed } = this.data;
    this.order = order;
    this.firstBackward = 1 + forward.length; // the step in which the backward pass begins
    this.steps = [
      { kind: "start" }, ...forward, { kind: "seed", node: this.root, part: seed, after: seed }, ...backward, { kind: "end" },
    ];
    this.restart();
    return true;
  }

  restart() {
    this.at = 0;
    this.known = this.nodes.map((node) => node.kind !== "step");
    this.grads = this.nodes.map(() => null);
    this.arrived = this.nodes.map(() => []); // by node: the steps of its contributions
    this.hooked = new Map(); // by node: the step in which its hooks ran
  }

  /** Set the state to that after step `at`. */
  goTo(at) {
    at = this.clamp(at);
    if (at < this.at) this.restart();
    while (this.at < at) {
      const { kind, node, after } = this.steps[++this.at];
      if (kind === "forward") this.known[node] = true;
      if (after === undefined) continue;
      this.grads[node] = after;
      if (kind === "hook") this.hooked.set(node, this.at);
      else this.arrived[node].push(this.at);
    }
  }

  get step() {
    return this.steps[this.at];
  }

  clamp(at) {
    return Math.max(0, Math.min(at, this.steps.length - 1));
  }

  // --- groups

  /** A group and those around it, innermost first. */
  around(group) {
    return group ? [group, ...this.around(this.groups.get(group).parent)] : [];
  }

  /** The outermost collapsed group that hides a node, or null. */
  hiding(node) {
    return this.around(this.nodes[node].group).findLast((id) => this.collapsed.has(id)) ?? null;
  }

  /** Whether a group is inside of a collapsed one. */
  isHiddenGroup(group) {
    return this.around(this.groups.get(group).parent).some((id) => this.collapsed.has(id));
  }

  /** Whether all of a step is inside of one collapsed group. */
  isHiddenStep(step) {
    const group = step.node === undefined ? null : this.hiding(step.node);
    return group !== null && (step.from === undefined || this.hiding(step.from) === group);
  }

  // --- neighbours of the current step

  /** The next visible step in a direction, 1 or -1. */
  neighbour(direction) {
    let at = this.at + direction;
    while (this.steps[at + direction] && this.isHiddenStep(this.steps[at])) at += direction;
    return this.clamp(at);
  }

  /** The last of the neighbouring steps with one node at work. */
  otherNode(direction) {
    const worker = (at) => `${this.steps[at].kind} ${this.steps[at].from ?? this.steps[at].node}`;
    let at = this.clamp(this.at + direction);
    while (this.steps[at + 2 * direction] && worker(at + direction) === worker(at)) at += direction;
    return at;
  }

  // --- gradients

  /** How much of a node's gradient is computed: "none", "part" or "complete". */
  progress(node) {
    const arrived = this.arrived[node].length;
    if (!arrived) return "none";
    const isComplete = this.order === "topological" ? arrived >= this.uses[node] : this.step.kind === "end";
    return isComplete ? "complete" : "part";
  }

  /** The derivative: the gradient as it is without hooks. */
  derivative(node) {
    return this.data.derivatives[node] ?? null;
  }

  /** Whether hooks make a node's gradient differ from the derivative. */
  isChangedByHooks(node) {
    return !isSame(this.final[node], this.derivative(node));
  }

  /** Whether a wrong order ended with a wrong gradient. Such orders run no hooks. */
  isWrong(node) {
    if (this.order === "topological" || this.step.kind !== "end" || this.final[node] === null) return false;
    return !isSame(this.grads[node], this.derivative(node));
  }
}
