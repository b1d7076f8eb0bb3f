// The graph, with pan and zoom. Edges are an SVG; boxes are elements, each laid out by itself, so that
// a step costs only what it changes.

const SVG = "http://www.w3.org/2000/svg";
const MARGIN = 8; // between a step and the border of the view

function svg(tag, attributes, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, x] of Object.entries(attributes)) made.setAttribute(name, x);
  made.append(...children);
  return made;
}

class GraphView {
  /** `on` has the actions when a node is selected, hovered or left, or a group is clicked. */
  constructor(timeline, on) {
    this.timeline = timeline;
    this.on = on;
    this.view = get("view");
    this.world = element("div", "world");
    this.view.append(this.world);
    this.scale = 1;
    this.x = this.y = 0;
    this.build();
    this.listen();
  }

  // --- drawing

  /** Draw the graph in the direction in which it is larger on the screen, or turn it to the other. */
  build(turn = false) {
    const { layouts } = this.timeline.data;
    const scale = (name) => this.scaleOf(layouts[name].size);
    get("turn").hidden = !layouts.TB;
    if (!this.direction) this.direction = layouts.TB && scale("TB") > 1.15 * scale("LR") ? "TB" : "LR";
    else if (turn && layouts.TB) this.direction = this.direction === "LR" ? "TB" : "LR";
    this.layout = layouts[this.direction];
    this.size = this.layout.size;
    this.boxes = new Map(); // by node: its elements, and where it is
    this.edges = new Map(); // by "target argument": its path
    this.frames = new Map(); // by group: its frame, and the cover over it when it is collapsed
    this.drawing = svg("svg", { "aria-hidden": "true" }, arrowheads());
    const { places, edges, frames } = this.layout;
    for (const id of Object.keys(frames)) this.frames.set(id, { frame: this.frame(id), cover: this.cover(id) });
    for (const [source, target, argument] of edges) {
      const path = svg("path", { class: "edge", "data-from": source, "data-to": target });
      this.edges.set(`${target} ${argument}`, path);
      this.drawing.append(path);
    }
    for (const [node] of places) this.boxes.set(node, { references: [] });
    this.placed = places.map(([node, , , , , isReference]) => (isReference ? this.reference(node) : this.box(node))); // by place
    const groups = [...this.frames.values()];
    this.world.replaceChildren(...groups.map(({ frame }) => frame), this.drawing, ...this.placed, ...groups.map(({ cover }) => cover));
    this.fold();
  }

  box(node) {
    const { name, sign, kind, value, grad } = this.timeline.nodes[node];
    const parts = { value: element("span", "value"), grad: element("span", "grad"), mark: element("span", "mark") };
    const made = element(
      "div", `box ${kind}${node === this.timeline.root ? " root" : ""}`,
      element("div", "head", element("span", "name", shortened(name, 18)), element("span", "op", sign || "")),
      shapeOf(value) ? element("span", "shape", shapeOf(value)) : null,
      element("span", "label", "value"), parts.value,
      grad ? [element("span", "label", "gradient"), parts.grad] : null,
      parts.mark,
    );
    made.dataset.id = node;
    Object.assign(this.boxes.get(node), { made, parts });
    this.react(made, node);
    return asButton(made, () => this.on.select(node));
  }

  /** A name for a node that is drawn elsewhere. */
  reference(node) {
    const made = element("div", "reference", element("span", "name", shortened(this.timeline.nodes[node].name, 16)));
    made.dataset.ref = node;
    made.addEventListener("click", () => this.on.select(node));
    this.boxes.get(node).references.push(made);
    this.react(made, node);
    return made;
  }

  react(made, node) {
    for (const name of ["pointerenter", "pointermove"]) made.addEventListener(name, (event) => this.on.hover(node, event));
    made.addEventListener("pointerleave", () => this.on.leave());
  }

  frame(id) {
    const title = element("span", "title", "▾ " + this.timeline.groups.get(id).name);
    title.addEventListener("click", () => this.on.fold(id));
    const frame = element("div", "frame", title);
    frame.dataset.group = id;
    return frame;
  }

  /** The box that stands for a collapsed group. */
  cover(id) {
    const { name } = this.timeline.groups.get(id);
    const cover = element("div", "cover", element("span", "title", "▸ " + name), element("span", "note"));
    cover.dataset.group = id;
    cover.setAttribute("aria-label", `Open ${name}`);
    return asButton(cover, () => this.on.fold(id));
  }

  /** Whether a group is collapsed, and no group around it is. */
  isCovered(id) {
    return this.timeline.collapsed.has(id) && !this.timeline.isHiddenGroup(id);
  }

  /** Place everything, without the room that collapsed groups no longer need. */
  arrange() {
    const { places, edges, frames, size } = this.layout;
    const rectangles = Object.entries(frames);
    const covered = rectangles.filter(([id]) => this.isCovered(id));
    const open = rectangles.filter(([id]) => !this.timeline.collapsed.has(id) && !this.timeline.isHiddenGroup(id));
    const shown = places.filter(([node]) => this.timeline.hiding(node) === null).map(([, ...rectangle]) => rectangle);
    const axis = (i, coverLength, titleLength) => { // 0 is x, 1 is y
      const range = (rectangle) => [rectangle[i], rectangle[i] + rectangle[i + 2]];
      const kept = shown.map(range);
      for (const [low, high] of open.map(([, frame]) => range(frame))) kept.push([low, low + titleLength], [high - 12, high]);
      for (const [id, frame] of covered) {
        const [middle, half] = [frame[i] + frame[i + 2] / 2, Math.min(coverLength(id), frame[i + 2]) / 2];
        kept.push([middle - half, middle + half]);
      }
      return squeeze(covered.map(([, frame]) => range(frame)), kept, size[i]);
    };
    const X = axis(0, (id) => Math.max(290, 40 + 11.5 * this.timeline.groups.get(id).name.length), 12);
    const Y = axis(1, () => 72, 28);
    this.size = [X(size[0]), Y(size[1])];
    places.forEach(([node, x, y, width, height, isReference], i) => {
      const rectangle = put(this.placed[i], X(x), Y(y), width, height);
      if (!isReference) Object.assign(this.boxes.get(node), rectangle);
    });
    for (const [, target, argument, ...points] of edges) {
      const d = points.map((p, i) => (i === 0 ? "M" : i === 2 ? "C" : " ") + (i % 2 ? Y(p) : X(p)).toFixed(1));
      this.edges.get(`${target} ${argument}`).setAttribute("d", d.join(""));
    }
    for (const [id, [x, y, width, height]] of rectangles) {
      const group = this.frames.get(id);
      for (const made of [group.frame, group.cover]) {
        Object.assign(group, put(made, X(x), Y(y), X(x + width) - X(x), Y(y + height) - Y(y)));
      }
    }
    this.drawing.setAttribute("width", this.size[0]);
    this.drawing.setAttribute("height", this.size[1]);
  }

  /** Show groups as collapsed or open. */
  fold() {
    const { collapsed } = this.timeline;
    this.arrange();
    for (const [node, box] of this.boxes) {
      box.shown = null;
      for (const made of [box.made, ...box.references]) made.hidden = this.timeline.hiding(node) !== null;
    }
    for (const [id, { frame, cover }] of this.frames) {
      cover.hidden = !this.isCovered(id);
      frame.hidden = collapsed.has(id) || this.timeline.isHiddenGroup(id);
    }
    for (const path of this.edges.values()) {
      const [from, to] = [path.dataset.from, path.dataset.to].map((node) => this.timeline.hiding(Number(node)));
      path.toggleAttribute("hidden", from !== null && from === to);
    }
  }

  // --- the state of nodes

  /** Update the boxes: only what changed is written. */
  refresh(digits) {
    const { timeline } = this;
    for (const [node, box] of this.boxes) {
      const { value, grad, equation } = timeline.nodes[node];
      const progress = grad ? timeline.progress(node) : "";
      const isKnown = timeline.known[node];
      const isWrong = timeline.isWrong(node);
      const values = isKnown ? brief(value, digits) : "?";
      const grads = !grad ? "" : progress === "none" ? "not computed"
        : brief(timeline.grads[node], digits) + (progress === "part" ? " …" : "");
      const key = `${values}|${grads}|${progress}|${isWrong}`;
      if (box.shown === key) continue;
      box.shown = key;
      box.parts.value.textContent = values;
      box.parts.grad.textContent = grads;
      box.parts.grad.className = `grad ${progress}`;
      box.parts.mark.textContent = isWrong ? "✗" : "";
      const room = shapeOf(value) ? 21 : 12; // characters beside a label
      const { classList } = box.made;
      classList.toggle("long", Math.max(values.length, grads.length) > room);
      classList.toggle("unknown", !isKnown);
      classList.toggle("wrong", isWrong);
      box.made.setAttribute(
        "aria-label",
        `${equation}, value ${isKnown ? values : "not yet computed"}${grad ? `, gradient ${grads}` : ""}${isWrong ? ", wrong" : ""}`,
      );
    }
    for (const [id, { cover }] of this.frames) {
      if (cover.hidden) continue;
      const inside = [...timeline.nodes.keys()].filter((node) => timeline.around(timeline.nodes[node].group).includes(id));
      const known = inside.filter((node) => timeline.known[node]).length;
      const complete = inside.filter((node) => timeline.progress(node) === "complete").length;
      cover.lastChild.textContent = `${inside.length} nodes · values ${known} · gradients ${complete}`;
    }
  }

  /** The box of a node, or the group whose cover hides it. */
  visible(node) {
    const group = this.timeline.hiding(node);
    return group === null ? this.boxes.get(node) : this.frames.get(group);
  }

  /** Mark the node that a step changes, and the nodes and edges that it uses. */
  highlight({ kind, node, from, argument }) {
    for (const made of this.marked || []) made.classList.remove("now", "from", "forward", "backward");
    this.marked = [];
    const mark = (made, ...classes) => {
      if (!made) return;
      made.classList.add(...classes);
      this.marked.push(made);
    };
    const markNode = (node, ...classes) => mark(this.visible(node).cover ?? this.visible(node).made, ...classes);
    if (node !== undefined) markNode(node, "now", kind === "forward" ? "forward" : "backward");
    if (kind === "forward") {
      this.timeline.nodes[node].args.forEach((arg, i) => {
        if (arg === null) return;
        markNode(arg, "from");
        mark(this.edges.get(`${node} ${i}`), "now", "forward");
      });
    } else if (kind === "backward") {
      markNode(from, "from");
      mark(this.edges.get(`${from} ${argument}`), "now", "backward");
      for (const reference of this.boxes.get(node).references) mark(reference, "from");
    }
  }

  select(node) {
    this.selected?.classList.remove("selected");
    this.selected = node === null ? null : this.boxes.get(node).made;
    this.selected?.classList.add("selected");
  }

  // --- pan and zoom

  /** Move and scale what is seen. */
  transform(change, isSmooth = false) {
    Object.assign(this, change);
    this.world.classList.toggle("smooth", isSmooth);
    this.world.style.transform = `translate(${this.x}px, ${this.y}px) scale(${this.scale})`;
  }

  /** The scale at which a picture of this size fits. */
  scaleOf([w, h]) {
    const { width, height } = this.view.getBoundingClientRect();
    return Math.min(1.25, (width - 24) / w, (height - 24) / h);
  }

  fit() {
    const { width, height } = this.view.getBoundingClientRect();
    const scale = this.scaleOf(this.size);
    this.transform({ scale, x: (width - this.size[0] * scale) / 2, y: (height - this.size[1] * scale) / 2 });
  }

  /** Show the whole graph in a frame that fits on paper. */
  toPaper() {
    const { x, y, scale, size: [w, h] } = this;
    this.onScreen = this.onScreen || { x, y, scale };
    Object.assign(get("graph").style, { // A4 and Letter are wider within their margins
      width: "650px", height: `${Math.max(200, Math.min(800, (626 * h) / w + 64))}px`,
    });
    this.fit();
  }

  toScreen() {
    Object.assign(get("graph").style, { width: "", height: "" });
    this.transform(this.onScreen);
    this.onScreen = null;
  }

  /** Show the whole graph if it is readable then, or else its start. */
  showStart() {
    this.fit();
    if (this.scale >= 0.5) return;
    const { width, height } = this.view.getBoundingClientRect();
    const isAcross = this.direction === "LR";
    const across = isAcross ? (height - 24) / this.size[1] : (width - 24) / this.size[0];
    const scale = across < 0.5 ? 0.75 : Math.min(0.75, across);
    const middle = (room, length) => (room - length * scale) / 2;
    const [x, y] = isAcross ? [16, middle(height, this.size[1])] : [middle(width, this.size[0]), 16];
    this.transform({ scale, x, y });
    this.follow(this.timeline.steps[Math.min(1, this.timeline.steps.length - 1)]);
  }

  zoom(factor, at) {
    const { width, height } = this.view.getBoundingClientRect();
    const [x, y] = at || [width / 2, height / 2];
    const scale = Math.max(0.05, Math.min(4, this.scale * factor));
    this.transform({ scale, x: x - ((x - this.x) * scale) / this.scale, y: y - ((y - this.y) * scale) / this.scale });
  }

  /** Move as little as is needed to show a step: both of its nodes if they fit, or else the one that it changes. */
  follow({ node, from }) {
    const boxes = [node, from].filter((x) => x !== undefined).map((x) => this.visible(x));
    if (!boxes.length) return;
    const { width, height } = this.view.getBoundingClientRect();
    const span = (some, at, length) => [
      Math.min(...some.map((box) => box[at])) * this.scale + this[at],
      Math.max(...some.map((box) => box[at] + box[length])) * this.scale + this[at],
    ];
    const fits = ([low, high], room) => high - low <= room - 2 * MARGIN;
    const shift = ([low, high], room) => (low >= MARGIN && high <= room - MARGIN ? 0 : room / 2 - (low + high) / 2);
    for (const some of [boxes, boxes.slice(0, 1)]) {
      const [xs, ys] = [span(some, "x", "width"), span(some, "y", "height")];
      if (some.length > 1 && !(fits(xs, width) && fits(ys, height))) continue;
      const [dx, dy] = [shift(xs, width), shift(ys, height)];
      if (dx || dy) this.transform({ x: this.x + dx, y: this.y + dy }, true);
      return;
    }
  }

  listen() {
    const fingers = new Map();
    let moved = 0;
    const distance = () => {
      const [a, b] = [...fingers.values()];
      return Math.hypot(a.x - b.x, a.y - b.y);
    };
    const local = (event) => {
      const { left, top } = this.view.getBoundingClientRect();
      return [event.clientX - left, event.clientY - top];
    };
    this.view.addEventListener("wheel", (event) => {
      event.preventDefault();
      if (event.shiftKey) this.transform({ x: this.x - event.deltaY - event.deltaX });
      else this.zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0015)), local(event));
    }, { passive: false });
    this.view.addEventListener("pointerdown", (event) => {
      fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      moved = 0;
    });
    window.addEventListener("pointermove", (event) => {
      const finger = fingers.get(event.pointerId);
      if (!finger) return;
      const before = fingers.size === 2 ? distance() : 0;
      const [dx, dy] = [event.clientX - finger.x, event.clientY - finger.y];
      Object.assign(finger, { x: event.clientX, y: event.clientY });
      moved += Math.abs(dx) + Math.abs(dy);
      if (moved > 4) get("graph").classList.add("dragging");
      if (fingers.size === 2) this.zoom(distance() / before, local(event));
      this.transform({ x: this.x + dx / fingers.size, y: this.y + dy / fingers.size });
    });
    for (const name of ["pointerup", "pointercancel"]) {
      window.addEventListener(name, (event) => {
        fingers.delete(event.pointerId);
        get("graph").classList.remove("dragging");
      });
    }
    this.view.addEventListener("click", (event) => { // the end of a drag is not a click
      if (moved > 4) event.stopPropagation();
    }, true);
  }
}

/** Make an element act as a button, for the pointer and for the keyboard. */
function asButton(made, action) {
  made.setAttribute("role", "button");
  made.tabIndex = 0;
  made.addEventListener("click", action);
  made.addEventListener("keydown", (event) => event.key === "Enter" && action());
  return made;
}

/** Place an element, and return where it is. */
function put(made, x, y, width, height) {
  Object.assign(made.style, { left: `${x}px`, top: `${y}px`, width: `${width}px`, height: `${height}px` });
  return { x, y, width, height };
}

/** A long name with dots in place of its middle, so that its end is kept: "layers…query.weight". */
function shortened(name, most) {
  const ends = Math.ceil((most - 1) / 3);
  return name.length <= most ? name : name.slice(0, ends) + "…" + name.slice(ends + 1 - most);
}

/** A number in the room of a box. */
function brief(x, digits) {
  const text = format(x, Math.min(digits, isArray(x) ? 3 : 17));
  return text.length > 20 && x.entries ? format({ ...x, entries: undefined }, digits) : text;
}

/** A function that maps one axis so that ranges are shortened to what is kept in them. */
function squeeze(ranges, kept, length) {
  if (!ranges.length) return (x) => x;
  const within = (x, intervals) => intervals.some(([low, high]) => low <= x && x <= high);
  const ends = [...new Set([0, length, ...ranges.flat(), ...kept.flat()])].sort((a, b) => a - b);
  const places = [ends[0]];
  for (let i = 1; i < ends.length; i++) {
    const middle = (ends[i - 1] + ends[i]) / 2;
    const full = ends[i] - ends[i - 1];
    const isFree = within(middle, ranges) && !within(middle, kept);
    places.push(places[i - 1] + (isFree ? Math.min(full, 8) : full));
  }
  return (x) => {
    let [low, high] = [0, ends.length - 1];
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
