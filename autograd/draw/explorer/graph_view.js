// The stage: the graph with pan and zoom, and how each node looks at the moment. Edges are an SVG;
// cards are elements that are laid out each by itself, so that a step costs what it changes and no more.

const SVG = "http://www.w3.org/2000/svg";

function svg(tag, attributes, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, x] of Object.entries(attributes)) made.setAttribute(name, x);
  made.append(...children);
  return made;
}

class Stage {
  constructor(story, on) {
    this.story = story;
    this.on = on; // what to do when a node is chosen, hovered or left, or a group clicked
    this.frame = document.getElementById("stage");
    this.view = document.getElementById("view");
    this.world = element("div", "world");
    this.view.append(this.world);
    this.scale = 1;
    this.x = this.y = 0;
    this.build();
    this.listen();
  }

  // --- drawing

  /** Draw the graph in the direction in which more of it fits, or in the other. */
  build(other = false) {
    const { layouts } = this.story.data;
    const fits = (name) => this.scaleOf(layouts[name].size);
    get("turn").hidden = !layouts.TB;
    if (!layouts.TB) this.direction = "LR";
    else if (!this.direction) this.direction = fits("TB") > 1.15 * fits("LR") ? "TB" : "LR";
    else if (other) this.direction = this.direction === "LR" ? "TB" : "LR";
    this.layout = layouts[this.direction];
    this.size = this.layout.size;
    this.boxes = new Map(); // node: its elements
    this.shown = new Map(); // node: what stands there now
    this.edges = new Map(); // "target argument": its path
    this.frames = new Map(); // group: its frame, and the lid that covers it when it is collapsed
    this.drawn = svg("svg", { "aria-hidden": "true" }, arrowheads());
    this.world.replaceChildren();
    const { places, edges, frames } = this.layout;
    for (const id of Object.keys(frames)) {
      const title = element("span", "title", "▾ " + this.story.groups.get(id).name);
      const frame = element("div", "frame", title);
      frame.dataset.group = id;
      title.addEventListener("click", () => this.on.fold(id));
      this.frames.set(id, { frame });
      this.world.append(frame);
    }
    this.world.append(this.drawn);
    for (const [source, target, argument] of edges) {
      const path = svg("path", { class: "edge", "data-from": source, "data-to": target });
      this.edges.set(`${target} ${argument}`, path);
      this.drawn.append(path);
    }
    for (const [node, , , width, height, isReference] of places) {
      if (!this.boxes.has(node)) this.boxes.set(node, { references: [] });
      const made = isReference ? this.reference(node) : this.card(node);
      made.style.width = `${width}px`;
      made.style.height = `${height}px`;
      if (!isReference) Object.assign(this.boxes.get(node), { made, width, height });
      this.attend(made, node);
      this.world.append(made);
    }
    for (const id of Object.keys(frames)) {
      const lid = this.lid(id);
      this.frames.get(id).lid = lid;
      this.world.append(lid);
    }
    this.fold();
  }

  card(node) {
    const { name, op, kind, value, grad } = this.story.nodes[node];
    const parts = { value: element("span", "value"), grad: element("span", "grad"), mark: element("span", "mark") };
    const made = element(
      "div", `box ${kind}`,
      element("div", "head", element("span", "name", shortened(name, 18)), element("span", "op", op || "")),
      shapeOf(value) ? element("span", "shape", shapeOf(value)) : null,
      element("span", "label", "value"), parts.value,
      grad ? [element("span", "label", "gradient"), parts.grad] : null,
      parts.mark,
    );
    if (node === this.story.root) made.classList.add("root");
    made.dataset.id = node;
    made.setAttribute("role", "button");
    made.tabIndex = 0;
    this.boxes.get(node).parts = parts;
    return made;
  }

  reference(node) {
    const made = element("div", "reference", element("span", "name", shortened(this.story.nodes[node].name, 16)));
    made.dataset.ref = node;
    this.boxes.get(node).references.push(made);
    return made;
  }

  /** What covers a collapsed group. */
  lid(id) {
    const { name } = this.story.groups.get(id);
    const lid = element("div", "lid", element("span", "title", "▸ " + name), element("span", "note"));
    lid.dataset.group = id;
    lid.setAttribute("role", "button");
    lid.setAttribute("aria-label", `Open ${name}`);
    lid.tabIndex = 0;
    lid.addEventListener("click", () => this.on.fold(id));
    lid.addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.on.fold(id);
    });
    return lid;
  }

  /** Put everything where it belongs: where it was laid out, less the room that collapsed groups need no more. */
  arrange() {
    const { places, edges, frames, size } = this.layout;
    const lids = Object.keys(frames).filter((id) => this.isLid(id));
    const seen = places.filter(([node]) => this.story.hidden(node) === null);
    const open = Object.keys(frames).filter((id) => !this.story.collapsed.has(id) && this.story.hiddenGroup(id) === null);
    const axis = (at, length, core, ends) => squeeze(
      lids.map((id) => [frames[id][at], frames[id][at] + frames[id][at + 2]]),
      [
        ...seen.map((place) => [place[at + 1], place[at + 1] + place[at + 3]]),
        ...open.flatMap((id) => {
          const [low, high] = [frames[id][at], frames[id][at] + frames[id][at + 2]];
          return [[low, low + ends], [high - 12, high]];
        }),
        ...lids.map((id) => {
          const middle = frames[id][at] + frames[id][at + 2] / 2;
          const half = Math.min(core(id), frames[id][at + 2]) / 2;
          return [middle - half, middle + half];
        }),
      ],
      length,
    );
    const X = axis(0, size[0], (id) => Math.max(290, 40 + 11.5 * this.story.groups.get(id).name.length), 12);
    const Y = axis(1, size[1], () => 72, 28);
    this.size = [X(size[0]), Y(size[1])];
    const references = new Map();
    for (const [node, x, y, width, height, isReference] of places) {
      const box = this.boxes.get(node);
      const next = references.get(node) || 0;
      const made = isReference ? box.references[next] : box.made;
      if (isReference) references.set(node, next + 1);
      else Object.assign(box, { x: X(x), y: Y(y) });
      made.style.left = `${X(x)}px`;
      made.style.top = `${Y(y)}px`;
    }
    for (const [, target, argument, ...points] of edges) {
      const d = points.map((p, i) => (i === 0 ? "M" : i === 2 ? "C" : " ") + (i % 2 ? Y(p) : X(p)).toFixed(1));
      this.edges.get(`${target} ${argument}`).setAttribute("d", d.join(""));
    }
    for (const [id, [x, y, width, height]] of Object.entries(frames)) {
      const rectangle = { x: X(x), y: Y(y), width: X(x + width) - X(x), height: Y(y + height) - Y(y) };
      const { frame, lid } = Object.assign(this.frames.get(id), rectangle);
      for (const { style } of [frame, lid]) {
        [style.left, style.top] = [`${rectangle.x}px`, `${rectangle.y}px`];
        [style.width, style.height] = [`${rectangle.width}px`, `${rectangle.height}px`];
      }
      lid.style.display = this.isLid(id) ? "" : "none";
    }
    this.drawn.setAttribute("width", this.size[0]);
    this.drawn.setAttribute("height", this.size[1]);
  }

  /** Whether a group is collapsed, and no group around it is. */
  isLid(id) {
    return this.story.collapsed.has(id) && this.story.hiddenGroup(id) === null;
  }

  attend(made, node) {
    made.addEventListener("click", () => this.on.choose(node));
    made.addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.on.choose(node);
    });
    made.addEventListener("pointerenter", (event) => this.on.hover(node, event));
    made.addEventListener("pointermove", (event) => this.on.hover(node, event));
    made.addEventListener("pointerleave", () => this.on.leave());
  }

  // --- how things stand

  /** Bring the cards up to date: only what changed is written. */
  refresh(digits, hidden) {
    const { story } = this;
    for (const [node, box] of this.boxes) {
      const { value, grad, equation } = story.nodes[node];
      const progress = grad ? story.progress(node) : "";
      const known = story.known[node];
      const values = known ? briefly(value, digits) : "?";
      const grads = !grad ? "" : progress === "none" ? "not computed"
        : briefly(story.grads[node], digits) + (progress === "part" ? " …" : "");
      const wrong = story.isWrong(node);
      const key = `${values}|${grads}|${progress}|${wrong}`;
      if (this.shown.get(node) === key) continue;
      this.shown.set(node, key);
      box.parts.value.textContent = values;
      box.parts.grad.textContent = grads;
      box.parts.grad.className = `grad ${progress}`;
      box.parts.mark.textContent = wrong ? "✗" : "";
      const room = shapeOf(value) ? 21 : 12; // characters beside a name
      box.made.classList.toggle("long", Math.max(values.length, grads.length) > room);
      box.made.classList.toggle("unknown", !known);
      box.made.classList.toggle("wrong", wrong);
      box.made.setAttribute(
        "aria-label",
        `${equation}, value ${known ? values : "not yet computed"}${grad ? `, gradient ${grads}` : ""}${wrong ? ", wrong" : ""}`,
      );
    }
    for (const [id, { lid }] of this.frames) {
      if (!this.isLid(id)) continue;
      const inside = story.nodes.map((_, node) => node).filter((node) => this.isWithin(node, id));
      const count = (test) => inside.filter(test).length;
      lid.lastChild.textContent =
        `${inside.length} nodes · values ${count((n) => story.known[n])} · ` +
        `gradients ${count((n) => story.progress(n) === "complete")}`;
    }
  }

  isWithin(node, group) {
    for (let id = this.story.nodes[node].group; id; id = this.story.groups.get(id).parent) {
      if (id === group) return true;
    }
    return false;
  }

  /** Mark what the step is about: the node it changes, and those and the edges that it takes. */
  point(step) {
    for (const made of this.pointed || []) made.classList.remove("now", "from", "forward", "backward");
    this.pointed = [];
    const mark = (made, ...classes) => {
      if (!made) return;
      made.classList.add(...classes);
      this.pointed.push(made);
    };
    const { nodes } = this.story;
    const visible = (node) => {
      const group = this.story.hidden(node);
      return group === null ? this.boxes.get(node).made : this.frames.get(group).lid;
    };
    if (step.node !== undefined) mark(visible(step.node), "now", step.kind === "forward" ? "forward" : "backward");
    if (step.kind === "forward") {
      nodes[step.node].args.forEach((arg, i) => {
        if (arg === null) return;
        mark(visible(arg), "from");
        mark(this.edges.get(`${step.node} ${i}`), "now", "forward");
      });
    } else if (step.kind === "backward") {
      mark(visible(step.from), "from");
      mark(this.edges.get(`${step.from} ${step.argument}`), "now", "backward");
      for (const reference of this.boxes.get(step.node).references) mark(reference, "from");
    }
  }

  choose(node) {
    this.chosen?.classList.remove("chosen");
    this.chosen = node === null ? null : this.boxes.get(node).made;
    this.chosen?.classList.add("chosen");
  }

  /** Show groups collapsed or open, as the story has them. */
  fold() {
    this.arrange();
    for (const [node, box] of this.boxes) {
      const hidden = this.story.hidden(node) !== null;
      for (const made of [box.made, ...box.references]) made.style.display = hidden ? "none" : "";
    }
    for (const [id, { frame }] of this.frames) {
      frame.style.display = this.story.collapsed.has(id) || this.story.hiddenGroup(id) !== null ? "none" : "";
    }
    for (const path of this.edges.values()) {
      const [from, to] = [path.dataset.from, path.dataset.to].map((node) => this.story.hidden(Number(node)));
      path.style.display = from !== null && from === to ? "none" : "";
    }
    this.shown.clear();
  }

  // --- pan and zoom

  place(smooth) {
    this.world.classList.toggle("smooth", Boolean(smooth));
    this.world.style.transform = `translate(${this.x}px, ${this.y}px) scale(${this.scale})`;
  }

  /** At which scale a picture of this size fits. */
  scaleOf([w, h]) {
    const { width, height } = this.view.getBoundingClientRect();
    return Math.min(1.25, (width - 24) / w, (height - 24) / h);
  }

  fit() {
    const { width, height } = this.view.getBoundingClientRect();
    const [w, h] = this.size;
    this.scale = this.scaleOf(this.size);
    this.x = (width - w * this.scale) / 2;
    this.y = (height - h * this.scale) / 2;
    this.place();
  }

  /** Show all of it in a frame that fits on paper. */
  toPaper() {
    const { x, y, scale, frame } = this;
    this.onScreen = this.onScreen || { x, y, scale };
    const [w, h] = this.size;
    frame.style.width = "650px"; // A4 and Letter have more within their margins
    frame.style.height = `${Math.max(200, Math.min(800, (626 * h) / w + 64))}px`;
    this.fit();
  }

  toScreen() {
    this.frame.style.width = this.frame.style.height = "";
    Object.assign(this, this.onScreen);
    this.onScreen = null;
    this.place();
  }

  /** Where to begin: all of it if it can be read, or else the part where things begin. */
  begin() {
    this.fit();
    if (this.scale >= 0.5) return;
    const { width, height } = this.view.getBoundingClientRect();
    const across = this.direction === "LR" ? (height - 24) / this.size[1] : (width - 24) / this.size[0];
    this.scale = across < 0.5 ? 0.75 : Math.min(0.75, across);
    const [w, h] = this.size.map((length) => length * this.scale);
    this.x = this.direction === "LR" ? 16 : (width - w) / 2;
    this.y = this.direction === "LR" ? (height - h) / 2 : 16;
    this.place();
    this.follow(this.story.steps[Math.min(1, this.story.steps.length - 1)]);
  }

  zoom(factor, at) {
    const { width, height } = this.view.getBoundingClientRect();
    const [x, y] = at || [width / 2, height / 2];
    const scale = Math.max(0.05, Math.min(4, this.scale * factor));
    this.x = x - ((x - this.x) * scale) / this.scale;
    this.y = y - ((y - this.y) * scale) / this.scale;
    this.scale = scale;
    this.place();
  }

  /** Move as little as is needed to have the step in sight. */
  follow(step) {
    const boxes = [step.node, step.from].filter((node) => node !== undefined).map((node) => {
      const group = this.story.hidden(node);
      return group === null ? this.boxes.get(node) : this.frames.get(group);
    });
    if (!boxes.length) return;
    const { width, height } = this.view.getBoundingClientRect();
    const margin = 8;
    const span = (some, at, length, offset) => [
      Math.min(...some.map((b) => b[at])) * this.scale + offset,
      Math.max(...some.map((b) => b[at] + b[length])) * this.scale + offset,
    ];
    const nudge = ([low, high], room) => {
      if (low >= margin && high <= room - margin) return 0;
      return room / 2 - (low + high) / 2;
    };
    for (const some of [boxes, boxes.slice(0, 1)]) { // both ends if they fit, or else where the step goes
      const xs = span(some, "x", "width", this.x);
      const ys = span(some, "y", "height", this.y);
      if (some.length > 1 && (xs[1] - xs[0] > width - 2 * margin || ys[1] - ys[0] > height - 2 * margin)) continue;
      const [dx, dy] = [nudge(xs, width), nudge(ys, height)];
      if (dx || dy) {
        this.x += dx;
        this.y += dy;
        this.place(true);
      }
      return;
    }
  }

  listen() {
    const fingers = new Map();
    let moved = 0;
    const spread = () => {
      const [a, b] = [...fingers.values()];
      return Math.hypot(a.x - b.x, a.y - b.y);
    };
    const local = (event) => {
      const { left, top } = this.view.getBoundingClientRect();
      return [event.clientX - left, event.clientY - top];
    };
    this.view.addEventListener("wheel", (event) => {
      event.preventDefault();
      if (event.shiftKey) {
        this.x -= event.deltaY + event.deltaX;
        this.place();
      } else {
        this.zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0015)), local(event));
      }
    }, { passive: false });
    this.view.addEventListener("pointerdown", (event) => {
      fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      moved = 0;
    });
    window.addEventListener("pointermove", (event) => {
      const finger = fingers.get(event.pointerId);
      if (!finger) return;
      const before = fingers.size === 2 ? spread() : 0;
      const [dx, dy] = [event.clientX - finger.x, event.clientY - finger.y];
      [finger.x, finger.y] = [event.clientX, event.clientY];
      moved += Math.abs(dx) + Math.abs(dy);
      if (moved > 4) this.frame.classList.add("dragging");
      if (fingers.size === 2) this.zoom(spread() / before, local(event));
      this.x += dx / fingers.size;
      this.y += dy / fingers.size;
      this.place();
    });
    for (const name of ["pointerup", "pointercancel"]) {
      window.addEventListener(name, (event) => {
        fingers.delete(event.pointerId);
        this.frame.classList.remove("dragging");
      });
    }
    this.view.addEventListener("click", (event) => { // the end of a drag is no click
      if (moved > 4) event.stopPropagation();
    }, true);
  }
}

/** A long name with dots in place of its middle, so that its end stays: "layers…query.weight". */
function shortened(name, most) {
  const ends = Math.ceil((most - 1) / 3);
  return name.length <= most ? name : name.slice(0, ends) + "…" + name.slice(ends + 1 - most);
}

/** A number as a card has room for it. */
function briefly(x, digits) {
  const text = formatAny(x, Math.min(digits, x !== null && typeof x === "object" ? 3 : 17));
  return text.length > 20 && x.entries ? formatAny({ ...x, entries: undefined }, digits) : text;
}

/** A map of one axis under which ranges lose what nothing needs, and all that is kept keeps its length. */
function squeeze(ranges, kept, length) {
  if (!ranges.length) return (x) => x;
  const within = (x, intervals) => intervals.some(([low, high]) => low <= x && x <= high);
  const ends = [...new Set([0, length, ...ranges.flat(), ...kept.flat()])].sort((a, b) => a - b);
  const places = [ends[0]];
  for (let i = 1; i < ends.length; i++) {
    const middle = (ends[i - 1] + ends[i]) / 2;
    const full = ends[i] - ends[i - 1];
    const free = within(middle, ranges) && !within(middle, kept);
    places.push(places[i - 1] + (free ? Math.min(full, 8) : full));
  }
  return (x) => {
    let low = 0;
    let high = ends.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (ends[middle] <= x) low = middle;
      else high = middle;
    }
    return places[low] + ((x - ends[low]) / (ends[high] - ends[low] || 1)) * (places[high] - places[low]);
  };
}

function arrowheads() {
  const head = (id, size) => svg( // in widths of the line
    "marker",
    { id, viewBox: "0 0 10 10", refX: 9, refY: 5, markerWidth: size, markerHeight: size, orient: "auto-start-reverse" },
    svg("path", { d: "M0 1 L10 5 L0 9 z" }),
  );
  return svg("defs", {}, head("head", 7), head("head-forward", 4.5), head("head-backward", 4.5));
}
