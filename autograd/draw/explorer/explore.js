// The page: the text of each step, and the actions of buttons and keys.

class Explorer {
  constructor(data) {
    this.story = new Story(data);
    this.digits = 4;
    this.chosen = null;
    this.timer = null;
    this.quiz = new Quiz(this);
    this.stage = new Stage(this.story, {
      choose: (node) => this.choose(node),
      hover: (node, event) => this.tip(node, event),
      leave: () => { get("tip").hidden = true; },
      fold: (group) => this.fold(group),
    });
    get("stage").querySelector(".legend").open = matchMedia("(min-width: 52.01rem) and (min-height: 32.01rem)").matches;
    this.listGroups();
    this.listNodes();
    this.listen();
    this.stage.begin();
    this.show(0);
  }

  // --- moving

  /** Show the state after step `at`. */
  show(at, verdict = "") {
    this.quiz.pending = null;
    this.story.go(at);
    this.refresh(verdict);
    this.stage.follow(this.story.step);
  }

  /** Go to the next step; in predict mode, ask for its number first. */
  next() {
    if (this.quiz.pending) return this.quiz.remind();
    const at = this.story.neighbour(1);
    if (at === this.story.at) return this.pause();
    if (this.quiz.on && this.quiz.ask(at)) {
      this.story.go(at - 1);
      this.refresh();
      this.stage.point(this.story.steps[at]);
      this.stage.follow(this.story.steps[at]);
      this.quiz.focus();
    } else {
      this.show(at);
    }
  }

  back() {
    this.show(this.quiz.pending ? this.story.at : this.story.neighbour(-1));
  }

  play() {
    if (this.timer) return this.pause();
    if (this.story.at === this.story.steps.length - 1) this.show(0);
    const beat = () => {
      this.next();
      if (this.quiz.pending || this.story.step.kind === "end") this.pause();
      else this.timer = setTimeout(beat, 1000 / 2 ** get("speed").valueAsNumber);
    };
    this.timer = setTimeout(beat, 150);
    get("play").textContent = "Pause";
  }

  pause() {
    clearTimeout(this.timer);
    this.timer = null;
    get("play").textContent = "Play";
  }

  order(name) {
    this.pause();
    if (!this.story.tell(name)) {
      get("order").value = this.story.order;
      this.exhibit(name);
      return;
    }
    get("order").value = name;
    this.listed = null;
    this.show(name === "engine" ? 0 : this.story.turn);
  }

  fold(group) {
    const { collapsed } = this.story;
    if (!collapsed.delete(group)) collapsed.add(group);
    this.stage.fold();
    get("groups").querySelector(`[data-group="${group}"]`).checked = !collapsed.has(group);
    this.refresh();
    this.stage.begin();
    this.stage.follow(this.story.step);
  }

  choose(node) {
    this.chosen = node;
    this.stage.choose(node);
    this.refreshNode();
  }

  // --- the text of steps

  refresh(verdict = "") {
    const { story } = this;
    const { step } = story;
    this.stage.refresh(this.digits);
    this.stage.point(step);
    get("position").max = story.steps.length - 1;
    get("position").value = story.at;
    get("count").textContent = `${story.at} of ${story.steps.length - 1}`;
    document.documentElement.style.setProperty("--turn", (story.turn - 0.5) / (story.steps.length - 1));
    document.body.dataset.phase = step.kind;
    document.body.dataset.order = story.order;
    const card = this.quiz.pending ? this.quiz.card() : this.card(step, verdict);
    if (this.quiz.isUnasked(step)) card.push(element("p", "hint", "Predict asks for single numbers; this step computes an array."));
    get("step").replaceChildren(...card.filter(Boolean));
    if (!this.quiz.pending) get("said").textContent = (verdict ? verdict + " " : "") + this.sentence(step);
    this.exhibit(story.order);
    this.refreshNode();
    this.refreshLeaves();
    if (get("all").open) this.listSteps();
  }

  /** The step as one sentence, for screen readers. */
  sentence(step) {
    const name = (node) => this.story.nodes[node].name;
    const say = (x) => formatAny(x, this.digits);
    if (step.kind === "start") return "The leaves have their numbers.";
    if (step.kind === "forward") return `${name(step.node)} gets the value ${say(this.story.nodes[step.node].value)}.`;
    if (step.kind === "seed") return `The backward pass begins: the gradient of ${name(step.node)} is 1.`;
    if (step.kind === "end") return "The backward pass is complete.";
    if (step.kind === "hook") return `A hook makes ${say(step.after)} of the gradient of ${name(step.node)}.`;
    const sum = step.before === null ? "" : ` The sum is now ${say(step.after)}.`;
    return `${name(step.from)} adds ${say(step.part)} to the gradient of ${name(step.node)}.${sum}`;
  }

  card(step, verdict) {
    const { story } = this;
    const { nodes } = story;
    const kicker = element("p", "kicker", { start: "Start", forward: "Forward", seed: "Backward", backward: "Backward", hook: "Backward", end: "End" }[step.kind]);
    const praise = verdict ? element("p", "verdict right", verdict) : null;
    if (step.kind === "start") {
      return [
        kicker, praise,
        element("p", "sentence", "The leaves have their numbers. Step forward to compute the rest, and then back for the gradients."),
        element("p", "hint", `${nodes.length} node${nodes.length === 1 ? "" : "s"}, ${story.steps.length - 1} steps. → steps on, space plays, ? lists all keys.`),
      ];
    }
    if (step.kind === "forward") {
      const node = nodes[step.node];
      return [
        kicker, praise,
        element("p", "sentence", this.ref(step.node), " is computed."),
        this.equation(this.ref(step.node), [
          this.formula(node.formula, step, "names"),
          this.formula(node.formula, step, "numbers"),
          this.number(node.value, "value"),
        ]),
      ];
    }
    if (step.kind === "seed") {
      return [
        kicker, praise,
        element("p", "sentence", "The backward pass begins at ", this.ref(step.node), ": it changes by 1 when it changes by 1."),
        this.equation(this.quotient(step.node), [this.number(step.part, "grad")]),
      ];
    }
    if (step.kind === "backward") return [kicker, praise, ...this.contribution(step)];
    if (step.kind === "hook") {
      return [
        kicker, praise,
        element("p", "sentence", "A hook on ", this.ref(step.node), " sees its gradient, and may change it before it is passed on."),
        this.equation(this.quotient(step.node), [this.number(step.before, "grad")]),
        this.equation("made", [this.number(step.after, "grad")], ""),
      ];
    }
    return [kicker, praise, element("p", "sentence", this.ending())];
  }

  /** A contribution: the rule, with its numbers, and the sum so far. */
  contribution(step) {
    const { story } = this;
    const parts = [
      element("p", "sentence", this.ref(step.from), " passes its gradient on to ", this.ref(step.node), "."),
      this.equation([this.quotient(step.node), " gets"], [
        this.rule(step, "names"), this.rule(step, "numbers"), this.number(step.part, "grad"),
      ], ""),
    ];
    if (step.before !== null) {
      parts.push(this.equation("sum", [
        [this.number(step.before, "grad"), " + ", this.number(step.part, "grad", true)],
        this.number(step.after, "grad"),
      ]));
    }
    const rule = RULES[story.nodes[step.from].rule];
    if (rule) parts.push(element("p", "rule", rule));
    const uses = story.uses[step.node];
    const arrived = story.arrived[step.node].length;
    if (story.order === "engine" && uses > 1) {
      parts.push(element("p", "hint", `${arrived} of ${uses} contributions` + (arrived === uses ? ": complete." : " are there.")));
    } else if (story.order !== "engine" && arrived > uses) {
      parts.push(element("p", "hint warning", `The ${arrived}th contribution, where only ${uses} ${uses === 1 ? "use is" : "uses are"} made of it.`));
    }
    return parts;
  }

  ending() {
    const { story } = this;
    if (story.order === "engine") return "All gradients are complete: each leaf now knows how the result changes with it.";
    const wrong = story.nodes.map((_, node) => node).filter((node) => story.isWrong(node));
    if (!wrong.length) {
      const isShared = story.nodes.some((node, i) => node.kind === "step" && story.uses[i] > 1);
      return "All gradients are right nevertheless: " + (isShared
        ? "the nodes that are shared here happen to have such numbers that what was passed on wrongly makes no difference."
        : "no node that others are computed from is shared here, so the order makes no difference.");
    }
    const list = wrong.slice(0, 8).flatMap((node, i) => [i ? ", " : "", this.ref(node)]);
    return element("span", "", `${wrong.length} of the gradients ${wrong.length === 1 ? "is" : "are"} wrong: `, ...list, wrong.length > 8 ? ", …" : "", ".");
  }

  /** `left = a = b = c`, one below the other; equal lines only once. */
  equation(left, rights, sign = "=") {
    const rows = [];
    let before = null;
    for (const right of rights) {
      if (right === null) continue;
      const content = element("span", "", right);
      if (content.textContent === before) continue;
      before = content.textContent;
      rows.push(element("span", "left", rows.length ? "" : left), element("span", "sign", rows.length || sign ? "=" : ""), content);
    }
    return element("div", "equation", rows);
  }

  /** `a = b = c` on one line; equal ones only once. */
  chain(parts) {
    const some = parts.filter((part, i) => part !== null && part.textContent !== parts[i - 1]?.textContent);
    return some.map((part, i) => (i ? [" = ", part] : part));
  }

  /** A formula with names, or with the numbers that they stand for. */
  formula(pieces, step, as) {
    if (!pieces) return null;
    const owner = step.kind === "backward" ? step.from : step.node;
    return element("span", "formula", pieces.map((piece) => {
      if (typeof piece === "string") return piece;
      const [kind, key, tight] = piece;
      if (kind === "#") return this.number(key, "", tight);
      if (kind === "g") return as === "names" ? this.quotient(owner) : this.number(step.g, "grad", tight);
      return as === "names" ? this.ref(key) : this.number(this.seen(owner, key), "value", tight);
    }));
  }

  /** The number that an operation saw: a leaf may have been given another afterwards. */
  seen(owner, node) {
    const { args, seen } = this.story.nodes[owner];
    const i = args ? args.indexOf(node) : -1;
    return seen && seen[i] !== undefined ? seen[i] : this.story.nodes[node].value;
  }

  rule(step, as) {
    return this.formula(this.story.nodes[step.from].slopes[step.argument], step, as);
  }

  ref(node) {
    const made = element("span", "ref", this.story.nodes[node].name);
    made.dataset.ref = node;
    made.addEventListener("click", () => this.choose(node));
    return made;
  }

  quotient(node) {
    return element("span", "quotient", "∂", element("span", "", this.story.nodes[this.story.root].name), "/∂", this.ref(node));
  }

  number(x, className, tight = false) {
    const text = formatAny(x, this.digits);
    const made = element("span", `number ${className}`, tight && /^\u2212|^all | … /.test(text) ? `(${text})` : text);
    if (x !== null && typeof x === "object") made.classList.add("many");
    else if (x !== null) made.title = format(x, 17);
    return made;
  }

  // --- the other cards

  exhibit(order) {
    const place = get("exhibit");
    const { story } = this;
    const many = !story.data.passes[order];
    place.hidden = order === "engine";
    if (place.hidden) return;
    const uses = story.contributions;
    place.replaceChildren(
      element("h2", "", "Why the order matters"),
      element("p", "", ORDERS[order].about),
      element("p", "hint", many
        ? `Here that would be ${Number(story.data.visits).toLocaleString("en")} contributions, one for each path; the engine makes ${uses}. They are too many to be played.`
        : order === "recursive" ? `${Number(story.data.visits).toLocaleString("en")} contributions; the engine makes ${uses}.` : ""),
    );
  }

  refreshNode() {
    const place = get("node");
    place.hidden = this.chosen === null;
    if (place.hidden) return;
    const close = element("button", "close", "×");
    close.setAttribute("aria-label", "Close");
    close.addEventListener("click", () => this.choose(null));
    const go = (text, at) => {
      if (at === undefined) return null;
      const made = element("button", "", text);
      made.addEventListener("click", () => this.show(at));
      return made;
    };
    place.replaceChildren(
      close, ...this.arithmetic(this.chosen),
      element(
        "p", "jumps",
        go("Go to its value", this.story.forwardStep.get(this.chosen)),
        go("Go to its gradient", this.story.backwardStep.get(this.chosen)),
      ),
    );
  }

  /** The terms of a node's value and gradient, up to the current step. */
  arithmetic(node) {
    const { story } = this;
    const { formula, value, grad, kind } = story.nodes[node];
    const contents = [];
    const known = story.known[node];
    if (formula) {
      contents.push(this.equation(this.ref(node), [
        this.formula(formula, { node }, "names"),
        known ? this.formula(formula, { node }, "numbers") : null,
        known ? this.number(value, "value") : "?",
      ]));
    } else {
      contents.push(this.equation(this.ref(node), [this.number(value, "value")]));
    }
    contents.push(this.where(node));
    if (shapeOf(value)) contents.push(element("p", "hint", `${shapeOf(value)}, norm ${format(value.norm ?? 0, this.digits)}`));
    if (kind === "constant" || !grad) {
      contents.push(element("p", "hint", "A constant: it has no gradient."));
      return contents.filter(Boolean);
    }
    const rows = story.arrived[node].map((at) => {
      const step = story.steps[at];
      if (step.kind === "seed") return element("li", "", "the start: ", this.number(step.part, "grad"));
      return element(
        "li", "", "from ", this.ref(step.from), ": ",
        this.chain([this.rule(step, "numbers"), this.number(step.part, "grad")]),
      );
    });
    const most = 12;
    const left = story.uses[node] - story.arrived[node].length;
    contents.push(
      element("p", "", this.quotient(node), rows.length > 1 ? ", a sum:" : rows.length ? ":" : " is not computed yet."),
      element("ul", "", rows.slice(0, most), rows.length > most ? element("li", "", `… ${rows.length - most} more`) : ""),
    );
    const bent = story.steps[story.hooked.get(node)];
    const sum = bent ? bent.before : story.grads[node];
    if (rows.length > 1) contents.push(this.equation("sum", [this.number(sum, "grad")]));
    if (bent) contents.push(element("p", "", "A hook made ", this.number(bent.after, "grad"), " of it."));
    if (left > 0 && rows.length && story.order === "engine") contents.push(element("p", "hint", `${left} more to come.`));
    if (story.isWrong(node)) contents.push(element("p", "hint warning", "It should be ", this.number(story.derivative(node), "grad"), "."));
    return contents.filter(Boolean);
  }

  tip(node, event) {
    const tip = get("tip");
    if (this.tipped !== `${node} ${this.story.at} ${this.story.order}` || tip.hidden) {
      this.tipped = `${node} ${this.story.at} ${this.story.order}`;
      tip.replaceChildren(...this.arithmetic(node));
      tip.hidden = false;
    }
    const frame = this.stage.frame.getBoundingClientRect();
    const [x, y] = [event.clientX - frame.left, event.clientY - frame.top];
    tip.style.left = `${Math.max(8, Math.min(x + 16, frame.width - tip.offsetWidth - 8))}px`;
    tip.style.top = `${y + 24 + tip.offsetHeight > frame.height ? Math.max(8, y - tip.offsetHeight - 16) : y + 24}px`;
  }

  /** The table of leaves: made once for an order, then only the rows that change are written. */
  refreshLeaves() {
    const { story } = this;
    const most = 60;
    const leaves = Object.keys(story.data.checks).map(Number);
    if (this.tabled !== `${story.order} ${this.digits}`) {
      this.tabled = `${story.order} ${this.digits}`;
      const last = story.order === "engine" ? "finite difference" : "should be";
      const head = ["leaf", "gradient", last, ""].map((text) => element("th", "", text));
      this.rows = new Map(leaves.slice(0, most).map((node) => {
        const row = element("tr", "", element("td", "", this.ref(node), this.where(node)), element("td"), element("td"), element("td", "mark"));
        row.dataset.leaf = node;
        return [node, { row, state: null }];
      }));
      const body = element("tbody", "", [...this.rows.values()].map(({ row }) => row));
      get("leaves").replaceChildren(
        element("h2", "", "Leaves"),
        element("table", this.digits > 6 ? "long" : "", element("thead", "", element("tr", "", head)), body),
        leaves.length > most ? element("p", "hint", `and ${leaves.length - most} more; select one in the graph`) : "",
      );
    }
    for (const [node, entry] of this.rows) {
      const state = `${story.arrived[node].length} ${story.progress(node)} ${story.isWrong(node)} ${story.hooked.has(node)}`;
      if (entry.state === state) continue;
      entry.state = state;
      const [own, other, mark] = this.comparison(node);
      entry.row.children[1].replaceChildren(...own);
      entry.row.children[2].replaceChildren(...other);
      entry.row.children[3].textContent = mark;
      entry.row.classList.toggle("bad", mark === "✗");
    }
  }

  /** A leaf's gradient, what it is compared with, and the verdict. */
  comparison(node) {
    const { story } = this;
    const progress = story.progress(node);
    if (progress === "none") return [[element("span", "quiet", "not computed")], [], ""];
    const own = [this.number(story.grads[node], "grad"), progress === "part" ? " …" : ""];
    if (progress === "part") return [own, [], ""];
    if (story.order !== "engine") {
      return [own, [this.number(story.derivative(node), "grad")], story.isWrong(node) ? "✗" : "✓"];
    }
    const check = story.data.checks[node];
    const [slope, low, high] = [num(check.slope), num(check.low), num(check.high)];
    const size = Math.max(Math.abs(slope), Math.abs(low), Math.abs(high));
    const kink = high - low > 1e-4 * size + 1e-6;
    const slack = 1e-4 * size + 1e-6;
    const right = slope >= low - slack && slope <= high + slack;
    if (check.array) own.push(element("small", "", "in one direction: ", this.number(check.slope, "grad")));
    const measured = Number.isFinite(low) && Number.isFinite(high);
    const lost = measured && Number.isNaN(slope); // where(x > 0, sqrt(x), x) at -1
    const other = kink ? [this.number(check.low, ""), " … ", this.number(check.high, "")] : [this.number((low + high) / 2, "")];
    if (story.isBent(node)) return [own, other, "hook"];
    return [own, other, lost ? "✗" : !Number.isFinite(size) ? "–" : right ? (kink ? "✓ kink" : "✓") : "✗"];
  }

  /** The groups that a node stands in. */
  where(node) {
    const names = [];
    for (let id = this.story.nodes[node].group; id; id = this.story.groups.get(id).parent) {
      names.unshift(this.story.groups.get(id).name.replace(/:.*/, ""));
    }
    return names.length ? element("small", "where", names.slice(-2).join(" › ")) : null;
  }

  listGroups() {
    const { groups } = this.story;
    const depth = (id) => (id ? 1 + depth(groups.get(id).parent) : 0);
    const framed = [...groups.values()].filter(({ id }) => this.stage.frames.has(id)); // not in a cycle
    get("groups").hidden = !framed.length;
    get("groups").append(element("h2", "", "Groups"), ...framed.map((group) => {
      const box = element("input");
      box.type = "checkbox";
      box.checked = true;
      box.dataset.group = group.id;
      box.addEventListener("change", () => this.fold(group.id));
      const label = element("label", "group", box, " ", group.name);
      label.style.paddingLeft = `${depth(group.parent)}em`;
      return label;
    }));
  }

  listNodes() {
    this.story.nodes.forEach((node, i) => get("goto").append(new Option(node.name, i)));
  }

  /** All steps with their arithmetic, for reading and for print. */
  listSteps() {
    const { story } = this;
    if (this.listed !== `${story.order} ${this.digits}`) {
      this.listed = `${story.order} ${this.digits}`;
      const at = story.at;
      get("all").querySelector("ol").replaceChildren(...story.steps.slice(1, -1).map((step, i) => {
        let line;
        if (step.kind === "forward") {
          const { formula, value } = story.nodes[step.node];
          line = [this.ref(step.node), " = ", this.chain([
            this.formula(formula, step, "names"), this.formula(formula, step, "numbers"), this.number(value, "value"),
          ])];
        } else if (step.kind === "hook") {
          line = ["a hook makes ", this.number(step.after, "grad"), " of ", this.quotient(step.node), " = ", this.number(step.before, "grad")];
        } else if (step.kind === "seed") {
          line = [this.quotient(step.node), " = ", this.number(step.part, "grad")];
        } else {
          line = [
            this.quotient(step.node), " gets ",
            this.chain([this.rule(step, "names"), this.rule(step, "numbers"), this.number(step.part, "grad")]),
            step.before === null ? "" : [", sum ", this.number(step.after, "grad")],
          ];
        }
        const made = element("li", "", line);
        made.addEventListener("click", (event) => {
          if (!event.target.dataset.ref) this.show(i + 1);
        });
        return made;
      }));
      story.go(at);
    }
    get("all").querySelector(".here")?.classList.remove("here");
    get("all").querySelector("ol").children[story.at - 1]?.classList.add("here");
  }

  // --- buttons and keys

  listen() {
    const press = (id, action) => get(id).addEventListener("click", () => action());
    press("first", () => (this.pause(), this.show(0)));
    press("back", () => (this.pause(), this.back()));
    press("play", () => this.play());
    press("next", () => (this.pause(), this.next()));
    press("last", () => (this.pause(), this.show(Infinity)));
    press("closer", () => this.stage.zoom(1.25));
    press("farther", () => this.stage.zoom(0.8));
    press("fit", () => this.stage.fit());
    press("turn", () => this.turn());
    press("predict", () => this.predict());
    press("theme", () => this.theme());
    press("help", () => get("keys").showModal());
    get("position").addEventListener("input", (event) => (this.pause(), this.show(event.target.valueAsNumber)));
    get("order").addEventListener("change", (event) => this.order(event.target.value));
    get("digits").addEventListener("change", (event) => {
      this.digits = Number(event.target.value);
      this.refresh();
    });
    get("goto").addEventListener("change", (event) => {
      if (event.target.value === "") return;
      const node = Number(event.target.value);
      this.choose(node);
      this.stage.follow({ node });
    });
    get("all").addEventListener("toggle", () => get("all").open && this.listSteps());
    window.addEventListener("resize", () => this.stage.follow(this.story.step));
    window.addEventListener("beforeprint", () => {
      this.wasOpen = get("all").open;
      get("all").open = this.story.steps.length < 200;
      if (get("all").open) this.listSteps();
      this.stage.toPaper();
    });
    window.addEventListener("afterprint", () => {
      get("all").open = this.wasOpen;
      this.stage.toScreen();
    });
    document.addEventListener("keydown", (event) => this.key(event));
  }

  key(event) {
    const { target, key } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || get("keys").open) return;
    if (target.matches("input[type=text], select") || (target.matches("input[type=range]") && key.startsWith("Arrow") && target.id !== "position")) {
      if (key === "Escape") target.blur();
      return;
    }
    if ((key === " " || key === "Enter") && target.closest("button, summary, input")) return;
    const action = {
      ArrowRight: () => (event.shiftKey ? this.show(this.story.otherNode(1)) : this.next()),
      ArrowLeft: () => (event.shiftKey ? this.show(this.story.otherNode(-1)) : this.back()),
      Home: () => this.show(0),
      End: () => this.show(Infinity),
      " ": () => this.play(),
      "+": () => this.stage.zoom(1.25),
      "-": () => this.stage.zoom(0.8),
      "0": () => this.stage.fit(),
      p: () => this.predict(),
      r: () => this.turn(),
      t: () => this.theme(),
      w: () => {
        const names = Object.keys(ORDERS);
        this.order(names[(names.indexOf(this.story.order) + 1) % names.length]);
      },
      "?": () => get("keys").showModal(),
      Escape: () => this.choose(null),
    }[key];
    if (!action) return;
    event.preventDefault();
    if (key !== " " && this.timer) this.pause();
    action();
  }

  /** Draw the graph from left to right or from top to bottom. */
  turn() {
    this.stage.build(true);
    this.choose(this.chosen);
    this.stage.begin();
    this.refresh();
    this.stage.follow(this.story.step);
  }

  predict() {
    this.pause();
    this.quiz.on = !this.quiz.on;
    get("predict").setAttribute("aria-pressed", this.quiz.on);
    this.show(this.story.at);
    if (this.quiz.on) this.next();
  }

  theme() {
    const { dataset } = document.documentElement;
    const dark = dataset.theme ? dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    dataset.theme = dark ? "light" : "dark";
  }
}

function get(id) {
  return document.getElementById(id);
}

const explorer = new Explorer(JSON.parse(get("story").textContent));
