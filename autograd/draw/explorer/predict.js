// Predict mode: the reader is asked for the next number before it is shown.

class Quiz {
  constructor(explorer) {
    this.explorer = explorer;
    this.on = false;
    this.pending = null; // the step that is asked for
    this.right = this.asked = 0;
  }

  /** Ask for a step, if it computes a single number. */
  ask(at) {
    const step = this.explorer.timeline.steps[at];
    const expected = this.expected(step);
    if (expected === null || isArray(expected)) return false;
    this.pending = { at, step, expected, tries: 0 };
    return true;
  }

  /** Whether the mode is on, but the step computes an array. */
  skips(step) {
    return this.on && !this.pending && isArray(this.expected(step));
  }

  expected(step) {
    if (step.kind === "forward") return this.explorer.timeline.nodes[step.node].value;
    return step.kind === "backward" ? step.part : null;
  }

  /** The question, in place of the text of the step. */
  card() {
    const { explorer, pending: { step } } = this;
    const ref = (node) => explorer.ref(node);
    const isForward = step.kind === "forward";
    const question = isForward ? ["Which value does ", ref(step.node), " get?"]
      : ["What does ", ref(step.from), " add to the gradient of ", ref(step.node), "?"];
    const formula = isForward ? [ref(step.node), " = ", explorer.formulas(explorer.timeline.nodes[step.node].formula, step)[0]]
      : [explorer.rules(step)[0], " with ", explorer.quotient(step.from), " = ", explorer.number(step.g, "grad")];
    const sentence = element("p", "sentence", question);
    sentence.id = "question";
    const input = element("input");
    Object.assign(input, { type: "text", id: "answer", autocomplete: "off", autocapitalize: "none", spellcheck: false });
    input.setAttribute("aria-label", "Your answer");
    input.setAttribute("aria-describedby", "question");
    const button = (text, action) => {
      const made = element("button", "", text);
      made.type = "button";
      made.addEventListener("click", action);
      return made;
    };
    const form = element(
      "form", "quiz", input, element("button", "primary", "Check"),
      button("Skip", () => this.skip()), button("Show me", () => this.reveal()),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.check(input);
    });
    const verdict = element("p", "verdict");
    verdict.id = "verdict";
    verdict.setAttribute("role", "status");
    const score = this.asked ? `${this.right} of ${this.asked} right so far. ` : "";
    return [
      element("p", "kicker", `Predict · ${step.kind}`), sentence, element("p", "math", formula), form, verdict,
      element("p", "hint", `${score}Answer with a number, or an expression such as 2*-3, sin(2) or x*y. An error of up to 1 % counts as right.`),
    ];
  }

  /** The number that was typed: it may use nodes with their values so far, and g or ∂y/∂x for the incoming gradient. */
  read(text) {
    const { nodes, known, root } = this.explorer.timeline;
    const { kind, from, g } = this.pending.step;
    const names = new Map(nodes.map(({ name, value }, node) => [name, known[node] ? value : null]));
    if (kind === "forward") return evaluate(text, names);
    if (!names.has("g")) names.set("g", g);
    return evaluate(text.replaceAll(`∂${nodes[root].name}/∂${nodes[from].name}`, " g "), names);
  }

  check(input) {
    const { pending } = this;
    let answer;
    try {
      answer = this.read(input.value);
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      return this.say(error.message);
    }
    pending.tries += 1;
    if (!isRight(answer, pending.expected)) {
      input.select();
      return this.say(this.hint(answer, pending), "verdict wrong");
    }
    this.asked += 1;
    this.right += pending.tries === 1 ? 1 : 0;
    this.reveal(`Right${pending.tries > 1 ? `, at the ${["second", "third"][pending.tries - 2] || "last"} try` : ""}.`);
  }

  /** What may be wrong with an answer. */
  hint(answer, { step, expected, tries }) {
    if (isRight(answer, -toNumber(expected))) return "Not quite: check the sign.";
    if (step.kind === "backward" && isRight(answer, step.g)) return "That is the incoming gradient; multiply it by the slope.";
    if (step.kind === "backward" && step.before !== null && isRight(answer, step.after)) return "That is the sum afterwards; the question is what is added.";
    return tries > 1 ? "Not yet. “Show me” shows the answer." : "Not quite: try again.";
  }

  /** Point a reader who presses "Next" to the open question. */
  remind() {
    this.say(""); // so that screen readers read it again
    this.say("A question is open: answer it, or choose “Skip” or “Show me”.");
    this.focus();
  }

  /** Show a message below the answer. */
  say(message, className = "verdict") {
    Object.assign(get("verdict"), { textContent: message, className });
    get("verdict").scrollIntoView({ block: "nearest" });
  }

  /** Focus the answer, and scroll the whole question into view. */
  focus() {
    get("answer").focus({ preventScroll: true });
    get("verdict").scrollIntoView({ block: "nearest" });
  }

  /** Continue with the next question. */
  skip() {
    this.explorer.show(this.pending.at);
    this.explorer.next();
  }

  /** Show the step. */
  reveal(verdict = "") {
    if (!verdict) this.asked += 1;
    this.explorer.show(this.pending.at, verdict);
    get("next").focus();
    get("step").scrollIntoView({ block: "nearest" });
  }
}
