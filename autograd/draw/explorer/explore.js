// The page: the text of each step, and the actions of buttons and keys.

const LEAVES = 60; // in the table, at most
const TERMS = 12; // of a sum, at most

class Explorer {
  constructor(data) {
    this.timeline = new Timeline(data);
    this.digits = 4;
    this.selected = null; // a node
    this.timer = null;
    this.quiz = new Quiz(this);
    this.graph = new GraphView(this.timeline, {
      select: (node) => this.select(node),
      hover: (node, event) => this.showTip(node, event),
      leave: () => { get("tip").hidden = true; },
      fold: (group) => this.fold(group),
    });
    get("graph").querySelector(".legend").open = matchMedia("(min-width: 52.01rem) and (min-height: 32.01rem)").matches;
    this.listGroups();
    this.timeline.nodes.forEach((node, i) => get("goto").append(new Option(node.name, i)));
    this.listen();
    this.graph.showStart();
    this.show(0);
  }

  // --- moving

  /** Show the state after step `at`. */
  show(at, verdict = "") {
    this.quiz.pending = null;
    this.timeline.goTo(at);
    this.refresh(verdict);
    this.graph.follow(this.timeline.step);
  }

  jump(at) {
    this.pause();
    this.show(at);
  }

  /** Go to the next step; in predict mode, ask for its number first. */
  next() {
    if (this.quiz.pending) return this.quiz.remind();
    const at = this.timeline.neighbour(1);
    if (at === this.timeline.at) return this.pause();
    if (!this.quiz.on || !this.quiz.ask(at)) return this.show(at);
    this.timeline.goTo(at - 1);
    this.refresh();
    this.graph.highlight(this.timeline.steps[at]);
    this.graph.follow(this.timeline.steps[at]);
    this.quiz.focus();
  }

  back() {
    this.jump(this.quiz.pending ? this.timeline.at : this.timeline.neighbour(-1));
  }

  play() {
    if (this.timer) return this.pause();
    if (this.timeline.at === this.timeline.steps.length - 1) this.show(0);
    const tick = () => {
      this.next();
      if (this.quiz.pending || this.timeline.step.kind === "end") this.pause();
      else this.timer = setTimeout(tick, 1000 / 2 ** get("speed").valueAsNumber);
    };
    this.timer = setTimeout(tick, 150);
    get("play").textContent = "Pause";
  }

  pause() {
    clearTimeout(this.timer);
    this.timer = null;
    get("play").textContent = "Play";
  }

  /** Show the steps of another order, or say that they are too many. */
  order(name) {
    this.pause();
    const found = this.timeline.select(name);
    get("order").value = this.timeline.order;
    if (found) this.show(name === "topological" ? 0 : this.timeline.firstBackward);
    else this.refreshOrder(name);
  }

  fold(group) {
    const { collapsed } = this.timeline;
    if (!collapsed.delete(group)) collapsed.add(group);
    get("groups").querySelector(`[data-group="${group}"]`).checked = !collapsed.has(group);
    this.graph.fold();
    this.redraw();
  }

  /** Draw the graph from left to right or from top to bottom. */
  turn() {
    this.graph.build(true);
    this.select(this.selected);
    this.redraw();
  }

  redraw() {
    this.refresh();
    this.graph.showStart();
    this.graph.follow(this.timeline.step);
  }

  select(node) {
    this.selected = node;
    this.graph.select(node);
    this.refreshNode();
  }

  // --- the text of steps

  refresh(verdict = "") {
    const { timeline, quiz } = this;
    const { step, steps, at } = timeline;
    this.graph.refresh(this.digits);
    this.graph.highlight(step);
    get("position").max = steps.length - 1;
    get("position").value = at;
    get("count").textContent = `${at} of ${steps.length - 1}`;
    document.documentElement.style.setProperty("--forward", (timeline.firstBackward - 0.5) / (steps.length - 1));
    Object.assign(document.body.dataset, { phase: step.kind, order: timeline.order });
    get("tip").hidden = true;
    if (quiz.pending) {
      get("step").replaceChildren(...quiz.card());
    } else {
      const { kicker, sentence, equations = [], notes = [] } = this.describe(step);
      const text = element("p", "sentence", sentence);
      get("step").replaceChildren(
        element("p", "kicker", kicker),
        verdict ? element("p", "verdict right", verdict) : "",
        text, ...equations.map((parts) => this.equation(...parts)), ...notes,
        quiz.skips(step) ? element("p", "hint", "Predict asks for single numbers; this step computes an array.") : "",
      );
      const now = (step.before ?? null) === null ? "" : ` The gradient is now ${format(step.after, this.digits)}.`;
      get("announcement").textContent = `${verdict} ${text.textContent}${now}`.trim();
    }
    this.refreshOrder(timeline.order);
    this.refreshNode();
    this.refreshLeaves();
    if (get("all").open) this.listSteps();
  }

  /** What a step does: a sentence, equations as [left, rights, sign], and notes. */
  describe(step) {
    const { nodes, steps } = this.timeline;
    const ref = () => this.ref(step.node);
    const number = (x) => this.number(x, "grad");
    if (step.kind === "start") {
      const counts = `${plural(nodes.length, "node")}, ${plural(steps.length - 1, "step")}`;
      return {
        kicker: "Start",
        sentence: "The leaves have their values. Step forward to compute the other nodes, then back to compute the gradients.",
        notes: [element("p", "hint", `${counts}. → steps forward, space plays, ? lists all keys.`)],
      };
    }
    if (step.kind === "forward") {
      const { formula, value } = nodes[step.node];
      return {
        kicker: "Forward",
        sentence: [ref(), " gets the value ", this.number(value, "value"), "."],
        equations: [[ref(), [...this.formulas(formula, step), this.number(value, "value")]]],
      };
    }
    const gradient = () => this.quotient(step.node);
    if (step.kind === "seed") {
      return {
        kicker: "Backward",
        sentence: ["The backward pass begins: the derivative of ", ref(), " with respect to itself is 1."],
        equations: [[gradient(), [number(step.part)]]],
      };
    }
    if (step.kind === "hook") {
      return {
        kicker: "Backward",
        sentence: ["A hook on ", ref(), " runs, and may change its gradient."],
        equations: [[gradient(), [number(step.before)]], ["changed to", [number(step.after)], " "]],
      };
    }
    if (step.kind === "end") return { kicker: "End", sentence: this.ending() };
    const sum = () => element("span", "", number(step.before), " + ", this.number(step.part, "grad", true));
    return {
      kicker: "Backward",
      sentence: [this.ref(step.from), " adds ", number(step.part), " to the gradient of ", ref(), "."],
      equations: [
        [[gradient(), " gets"], [...this.rules(step), number(step.part)], " "],
        ...(step.before === null ? [] : [["sum", [sum(), number(step.after)]]]),
      ],
      notes: this.notes(step),
    };
  }

  /** The rule in words, and how many contributions have arrived. */
  notes(step) {
    const { nodes, order, uses, arrived } = this.timeline;
    const rule = RULES[nodes[step.from].op];
    const [count, most] = [arrived[step.node].length, uses[step.node]];
    const notes = rule ? [element("p", "rule", rule)] : [];
    if (order === "topological" && most > 1) {
      notes.push(element("p", "hint", `${count} of ${most} contributions${count === most ? ": the gradient is complete." : "."}`));
    } else if (order !== "topological" && count > most) {
      notes.push(element("p", "hint warning", `Contribution ${count}, but the node is used only ${plural(most, "time")}.`));
    }
    return notes;
  }

  ending() {
    const { timeline } = this;
    const { nodes, order, uses } = timeline;
    if (order === "topological") return "All gradients are complete: each is the derivative of the result with respect to a node.";
    const wrong = [...nodes.keys()].filter((node) => timeline.isWrong(node));
    if (!wrong.length) {
      const isShared = nodes.some((node, i) => node.kind === "step" && uses[i] > 1);
      return "All gradients are right nevertheless: " + (isShared
        ? "the numbers of the shared nodes happen to make no difference."
        : "no computed node is used more than once, so the order makes no difference.");
    }
    const list = wrong.slice(0, 8).flatMap((node, i) => [i ? ", " : "", this.ref(node)]);
    return [`${wrong.length} of the gradients ${wrong.length === 1 ? "is" : "are"} wrong: `, list, wrong.length > 8 ? ", …" : "", "."];
  }

  // --- formulas

  /** `left = a = b = c`, one below the other. */
  equation(left, rights, sign = "=") {
    return element("div", "equation", distinct(rights).map((right, i) => [
      element("span", "left", i ? "" : left), element("span", "sign", i ? "=" : sign), right,
    ]));
  }

  /** `a = b = c` on one line. */
  chain(parts) {
    return distinct(parts).map((part, i) => (i ? [" = ", part] : part));
  }

  /** A formula with names, and with the numbers that they stand for. */
  formulas(pieces, step) {
    if (!pieces) return [];
    const owner = step.from ?? step.node;
    return ["names", "numbers"].map((kind) => element("span", "formula", pieces.map((piece) => {
      if (typeof piece === "string") return piece;
      const [symbol, key, tight] = piece;
      if (symbol === "#") return this.number(key, "", tight);
      if (kind === "names") return symbol === "g" ? this.quotient(owner) : this.ref(key);
      return symbol === "g" ? this.number(step.g, "grad", tight) : this.number(this.seen(owner, key), "value", tight);
    })));
  }

  /** The rule of a contribution, with names and with numbers. */
  rules(step) {
    return this.formulas(this.timeline.nodes[step.from].rules[step.argument], step);
  }

  /** The value that an operation used: a leaf may have been given another one since. */
  seen(owner, node) {
    const { args, seen } = this.timeline.nodes[owner];
    return seen[args.indexOf(node)] ?? this.timeline.nodes[node].value;
  }

  ref(node) {
    const made = element("span", "ref", this.timeline.nodes[node].name);
    made.dataset.ref = node;
    made.addEventListener("click", () => this.select(node));
    return made;
  }

  quotient(node) {
    return element("span", "quotient", "∂", element("span", "", this.timeline.nodes[this.timeline.root].name), "/∂", this.ref(node));
  }

  number(x, className, tight = false) {
    const text = format(x, this.digits);
    const made = element("span", `number ${className}`, tight && /^\u2212|^all | … /.test(text) ? `(${text})` : text);
    if (isArray(x)) made.classList.add("many");
    else if (x !== null) made.title = format(x, 17);
    return made;
  }

  // --- the other cards

  /** What a wrong order does. */
  refreshOrder(order) {
    const { data, contributions } = this.timeline;
    const count = `${Number(data.recursiveCount).toLocaleString("en")} contributions, one for each path; backward() makes ${contributions}.`;
    get("order-note").hidden = order === "topological";
    get("order-note").replaceChildren(
      element("h2", "", "Why the order matters"),
      element("p", "", ORDERS[order]),
      order === "recursive" ? element("p", "hint", count, data.passes[order] ? "" : " They are too many to be shown.") : "",
    );
  }

  /** The card of the selected node. */
  refreshNode() {
    const { selected, timeline } = this;
    get("node").hidden = selected === null;
    if (selected === null) return;
    const button = (className, text, label, action) => {
      const made = element("button", className, text);
      if (label) made.setAttribute("aria-label", label);
      made.addEventListener("click", action);
      return made;
    };
    const jump = (text, at) => (at < 0 ? "" : button("", text, "", () => this.show(at)));
    const of = (step) => step.node === selected;
    get("node").replaceChildren(
      button("close", "×", "Close", () => this.select(null)),
      ...this.arithmetic(selected),
      element(
        "p", "jumps",
        jump("Go to its value", timeline.steps.findIndex((step) => of(step) && step.kind === "forward")),
        jump("Go to its gradient", timeline.steps.findLastIndex((step) => of(step) && step.after !== undefined)),
      ),
    );
  }

  /** How a node's value and gradient are computed, up to the current step. */
  arithmetic(node) {
    const { timeline } = this;
    const { formula, value, grad, kind } = timeline.nodes[node];
    const [names, numbers] = this.formulas(formula, { node });
    const known = timeline.known[node] ? [numbers ?? null, this.number(value, "value")] : [element("span", "", "?")];
    const contents = [this.equation(this.ref(node), [names ?? null, ...known]), this.scopes(node)];
    const note = (className, ...parts) => contents.push(element("p", className, ...parts));
    if (shapeOf(value)) note("hint", `${shapeOf(value)}, norm ${format(value.norm ?? 0, this.digits)}`);
    if (kind === "constant" || !grad) {
      note("hint", "A constant: it has no gradient.");
      return contents.filter(Boolean);
    }
    const rows = timeline.arrived[node].map((at) => {
      const step = timeline.steps[at];
      if (step.kind === "seed") return element("li", "", "the start: ", this.number(step.part, "grad"));
      return element("li", "", "from ", this.ref(step.from), ": ", this.chain([this.rules(step)[1] ?? null, this.number(step.part, "grad")]));
    });
    note("", this.quotient(node), rows.length > 1 ? ", a sum:" : rows.length ? ":" : " is not computed yet.");
    contents.push(element("ul", "", rows.slice(0, TERMS), rows.length > TERMS ? element("li", "", `… ${rows.length - TERMS} more`) : ""));
    const hook = timeline.steps[timeline.hooked.get(node)];
    if (rows.length > 1) contents.push(this.equation("sum", [this.number(hook ? hook.before : timeline.grads[node], "grad")]));
    if (hook) note("", "A hook changed it to ", this.number(hook.after, "grad"), ".");
    const left = timeline.uses[node] - rows.length;
    if (left > 0 && rows.length && timeline.order === "topological") note("hint", `${left} more to come.`);
    if (timeline.isWrong(node)) note("hint warning", "The derivative is ", this.number(timeline.derivative(node), "grad"), ".");
    return contents.filter(Boolean);
  }

  showTip(node, event) {
    const tip = get("tip");
    if (tip.hidden || this.tipNode !== node) tip.replaceChildren(...this.arithmetic(node));
    this.tipNode = node;
    tip.hidden = false;
    const frame = get("graph").getBoundingClientRect();
    const [x, y] = [event.clientX - frame.left, event.clientY - frame.top];
    tip.style.left = `${Math.max(8, Math.min(x + 16, frame.width - tip.offsetWidth - 8))}px`;
    tip.style.top = `${y + 24 + tip.offsetHeight > frame.height ? Math.max(8, y - tip.offsetHeight - 16) : y + 24}px`;
  }

  /** The table of leaves. */
  refreshLeaves() {
    const leaves = Object.keys(this.timeline.data.checks).map(Number);
    const last = this.timeline.order === "topological" ? "finite difference" : "derivative";
    const rows = leaves.slice(0, LEAVES).map((node) => {
      const [gradient, other, mark] = this.comparison(node);
      const row = element(
        "tr", mark === "✗" ? "bad" : "",
        element("td", "", this.ref(node), this.scopes(node)), element("td", "", gradient), element("td", "", other), element("td", "mark", mark),
      );
      row.dataset.leaf = node;
      return row;
    });
    const head = ["leaf", "gradient", last, ""].map((text) => element("th", "", text));
    get("leaves").replaceChildren(
      element("h2", "", "Leaves"),
      element("table", this.digits > 6 ? "long" : "", element("thead", "", element("tr", "", head)), element("tbody", "", rows)),
      leaves.length > LEAVES ? element("p", "hint", `and ${leaves.length - LEAVES} more; select one in the graph`) : "",
    );
  }

  /** A leaf's gradient, what it is compared with, and the verdict. */
  comparison(node) {
    const { timeline } = this;
    const progress = timeline.progress(node);
    if (progress === "none") return [element("span", "quiet", "not computed"), "", ""];
    const gradient = [this.number(timeline.grads[node], "grad")];
    if (progress === "part") return [[gradient, " …"], "", ""];
    if (timeline.order !== "topological") {
      return [gradient, this.number(timeline.derivative(node), "grad"), timeline.isWrong(node) ? "✗" : "✓"];
    }
    const check = timeline.data.checks[node];
    const [slope, low, high] = [check.slope, check.low, check.high].map(toNumber);
    const size = Math.max(Math.abs(slope), Math.abs(low), Math.abs(high));
    const slack = 1e-4 * size + 1e-6;
    const isKink = high - low > slack;
    if (check.array) gradient.push(element("small", "", "in one direction: ", this.number(check.slope, "grad")));
    const other = isKink ? [this.number(check.low, ""), " … ", this.number(check.high, "")] : this.number((low + high) / 2, "");
    if (timeline.isChangedByHooks(node)) return [gradient, other, "hook"];
    const isMeasured = Number.isFinite(low) && Number.isFinite(high);
    if (!Number.isFinite(size)) return [gradient, other, isMeasured && Number.isNaN(slope) ? "✗" : "–"]; // ✗: where(x > 0, sqrt(x), x) at -1
    const agrees = slope >= low - slack && slope <= high + slack;
    return [gradient, other, !agrees ? "✗" : isKink ? "✓ kink" : "✓"];
  }

  /** The scopes that a node is in. */
  scopes(node) {
    const { groups, nodes } = this.timeline;
    const names = this.timeline.around(nodes[node].group).map((id) => groups.get(id).name.replace(/:.*/, ""));
    return names.length ? element("small", "scopes", names.slice(0, 2).reverse().join(" › ")) : null;
  }

  listGroups() {
    const framed = [...this.timeline.groups.values()].filter(({ id }) => this.graph.frames.has(id)); // not in a cycle
    get("groups").hidden = !framed.length;
    get("groups").append(element("h2", "", "Groups"), ...framed.map(({ id, name }) => {
      const box = element("input");
      Object.assign(box, { type: "checkbox", checked: true });
      box.dataset.group = id;
      box.addEventListener("change", () => this.fold(id));
      const label = element("label", "group", box, " ", name);
      label.style.paddingLeft = `${this.timeline.around(id).length - 1}em`;
      return label;
    }));
  }

  /** All steps with their arithmetic, for reading and for print. */
  listSteps() {
    const { order, steps, at } = this.timeline;
    const list = get("all").querySelector("ol");
    if (this.listed !== `${order} ${this.digits}`) {
      this.listed = `${order} ${this.digits}`;
      list.replaceChildren(...steps.slice(1, -1).map((step, i) => {
        const line = this.describe(step).equations.map(([left, rights, sign = " = "], k) => [k ? ", " : "", left, sign, this.chain(rights)]);
        const made = element("li", "", line);
        made.addEventListener("click", (event) => event.target.dataset.ref || this.show(i + 1));
        return made;
      }));
    }
    list.querySelector(".here")?.classList.remove("here");
    list.children[at - 1]?.classList.add("here");
  }

  // --- buttons and keys

  listen() {
    this.actions = {
      first: () => this.jump(0), last: () => this.jump(Infinity), back: () => this.back(), play: () => this.play(),
      next: () => (this.pause(), this.next()),
      "zoom-in": () => this.graph.zoom(1.25), "zoom-out": () => this.graph.zoom(0.8), fit: () => this.graph.fit(),
      turn: () => this.turn(), predict: () => this.predict(), theme: () => this.theme(), help: () => get("keys").showModal(),
    };
    for (const [id, action] of Object.entries(this.actions)) get(id).addEventListener("click", action);
    get("position").addEventListener("input", (event) => this.jump(event.target.valueAsNumber));
    get("order").addEventListener("change", (event) => this.order(event.target.value));
    get("digits").addEventListener("change", (event) => {
      this.digits = Number(event.target.value);
      this.refresh();
    });
    get("goto").addEventListener("change", (event) => {
      if (event.target.value === "") return;
      const node = Number(event.target.value);
      this.select(node);
      this.graph.follow({ node });
    });
    get("all").addEventListener("toggle", () => get("all").open && this.listSteps());
    window.addEventListener("resize", () => this.graph.follow(this.timeline.step));
    window.addEventListener("beforeprint", () => {
      this.wasOpen = get("all").open;
      get("all").open = this.timeline.steps.length < 200;
      if (get("all").open) this.listSteps();
      this.graph.toPaper();
    });
    window.addEventListener("afterprint", () => {
      get("all").open = this.wasOpen;
      this.graph.toScreen();
    });
    document.addEventListener("keydown", (event) => this.key(event));
  }

  key(event) {
    const { target, key, shiftKey } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || get("keys").open) return;
    if (target.matches("input[type=text], select") || (target.matches("input[type=range]") && key.startsWith("Arrow") && target.id !== "position")) {
      if (key === "Escape") target.blur();
      return;
    }
    if ((key === " " || key === "Enter") && target.closest("button, summary, input")) return;
    const orders = Object.keys(ORDERS);
    const action = this.actions[KEYS[key]] ?? {
      ArrowRight: () => (shiftKey ? this.jump(this.timeline.otherNode(1)) : this.actions.next()),
      ArrowLeft: () => (shiftKey ? this.jump(this.timeline.otherNode(-1)) : this.back()),
      w: () => this.order(orders[(orders.indexOf(this.timeline.order) + 1) % orders.length]),
      Escape: () => this.select(null),
    }[key];
    if (!action) return;
    event.preventDefault();
    action();
  }

  predict() {
    this.pause();
    this.quiz.on = !this.quiz.on;
    get("predict").setAttribute("aria-pressed", this.quiz.on);
    this.show(this.timeline.at);
    if (this.quiz.on) this.next();
  }

  theme() {
    const { dataset } = document.documentElement;
    const isDark = dataset.theme ? dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    dataset.theme = isDark ? "light" : "dark";
  }
}

const KEYS = {
  Home: "first", End: "last", " ": "play", "+": "zoom-in", "-": "zoom-out", 0: "fit", p: "predict", r: "turn", t: "theme", "?": "help",
};

/** The elements without nulls, and without those that repeat the text before them. */
function distinct(parts) {
  const kept = [];
  for (const part of parts) if (part !== null && part.textContent !== kept.at(-1)?.textContent) kept.push(part);
  return kept;
}

const explorer = new Explorer(JSON.parse(get("data").textContent));
