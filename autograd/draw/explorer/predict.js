// Predict mode: the reader is asked for the next number before it is shown.

class Quiz {
  constructor(explorer) {
    this.explorer = explorer;
    this.on = false;
    this.pending = null; // the step that is asked for
    this.right = this.asked = 0;
  }

  /** Ask for the step, if it has a single number to ask for. */
  ask(at) {
    const step = this.explorer.story.steps[at];
    const truth = this.truth(step);
    if (truth === null || typeof truth === "object") return false;
    this.pending = { at, step, truth, tries: 0 };
    return true;
  }

  /** Whether the mode is on, but the step computes an array. */
  isUnasked(step) {
    const truth = this.truth(step);
    return this.on && !this.pending && truth !== null && typeof truth === "object";
  }

  truth(step) {
    if (step.kind === "forward") return this.explorer.story.nodes[step.node].value;
    return step.kind === "backward" ? step.part : null;
  }

  /** The question, as the card of this step. */
  card() {
    const { explorer, pending } = this;
    const { step } = pending;
    const input = element("input");
    Object.assign(input, { type: "text", id: "answer", autocomplete: "off", autocapitalize: "none", spellcheck: false });
    input.setAttribute("aria-label", "Your answer");
    input.setAttribute("aria-describedby", "question");
    const verdict = element("p", "verdict");
    verdict.id = "verdict";
    verdict.setAttribute("role", "status");
    const form = element(
      "form", "quiz",
      input, element("button", "primary", "Check"),
      this.button("Skip", () => this.skip()), this.button("Show me", () => this.reveal()),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.check(input);
    });
    const { nodes } = explorer.story;
    const question = step.kind === "forward"
      ? ["Which value does ", explorer.ref(step.node), " get?"]
      : ["What does ", explorer.ref(step.from), " add to the gradient of ", explorer.ref(step.node), "?"];
    const formula = step.kind === "forward"
      ? [explorer.ref(step.node), " = ", explorer.formula(nodes[step.node].formula, step, "names")]
      : [explorer.rule(step, "names") || "", step.kind === "backward" ? [" with ", explorer.quotient(step.from), " = ", explorer.number(step.g, "grad")] : ""];
    const sentence = element("p", "sentence", question);
    sentence.id = "question";
    const score = this.asked ? `${this.right} of ${this.asked} right so far. ` : "";
    return [
      element("p", "kicker", `Predict · ${step.kind}`),
      sentence,
      element("p", "math", formula),
      form,
      verdict,
      element("p", "hint", score + "A number, or an expression such as 2*-3, sin(2) or x*y. An error of up to 1 % counts as right."),
    ];
  }

  button(text, action) {
    const made = element("button", "", text);
    made.type = "button";
    made.addEventListener("click", action);
    return made;
  }

  /** The names that an answer may use: nodes with their values so far, and g, the incoming gradient. */
  names() {
    const { story } = this.explorer;
    const names = new Map(story.nodes.map(({ name, value }, node) => [name, story.known[node] ? value : null]));
    if (this.pending.step.kind === "backward" && !names.has("g")) names.set("g", this.pending.step.g);
    return names;
  }

  /** The number that was typed. The incoming gradient may be written as the question has it: ∂y/∂x. */
  guess(text) {
    const { story } = this.explorer;
    const { from } = this.pending.step;
    const quotient = from === undefined ? "" : `∂${story.nodes[story.root].name}/∂${story.nodes[from].name}`;
    return evaluate(quotient ? text.replaceAll(quotient, " g ") : text, this.names());
  }

  check(input) {
    let guess;
    try {
      guess = this.guess(input.value);
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      return this.say(error.message);
    }
    const { pending } = this;
    const right = isRight(guess, pending.truth) || (Number.isNaN(guess) && Number.isNaN(num(pending.truth)));
    pending.tries += 1;
    if (!right) {
      input.select();
      return this.say(this.hint(guess, pending), "verdict wrong");
    }
    this.asked += 1;
    this.right += pending.tries === 1 ? 1 : 0;
    this.reveal(`Right${pending.tries > 1 ? `, at the ${["second", "third"][pending.tries - 2] || "last"} try` : ""}.`);
  }

  /** What may have gone wrong. */
  hint(guess, { step, truth, tries }) {
    const close = (x) => x !== null && x !== undefined && isRight(guess, x);
    if (close(-num(truth))) return "Not quite: look at the sign.";
    if (step.kind === "backward" && close(step.g)) return "That is the gradient that comes in; it still has to be multiplied by the slope.";
    if (step.kind === "backward" && step.before !== null && close(step.after)) return "That is the sum afterwards; the question is what is added.";
    return tries > 1 ? "Not yet. “Show me” shows the answer." : "Not quite: try again.";
  }

  /** Remind a reader who presses "Next" of the open question. */
  remind() {
    this.say(""); // so that screen readers read it again
    this.say("A question is open: answer it, or choose “Skip” or “Show me”.");
    this.focus();
  }

  /** Show a message below the answer. */
  say(message, className = "verdict") {
    const verdict = document.getElementById("verdict");
    verdict.textContent = message;
    verdict.className = className;
    verdict.scrollIntoView({ block: "nearest" });
  }

  /** Put the cursor into the answer, and scroll the whole question into view. */
  focus() {
    document.getElementById("answer").focus({ preventScroll: true });
    document.getElementById("verdict").scrollIntoView({ block: "nearest" });
  }

  /** Go on to the next question. */
  skip() {
    const { at } = this.pending;
    this.explorer.show(at);
    this.explorer.next();
  }

  reveal(verdict) {
    const { at } = this.pending;
    if (!verdict) this.asked += 1;
    this.pending = null;
    this.explorer.show(at, verdict || "");
    document.getElementById("next").focus();
    document.getElementById("step").scrollIntoView({ block: "nearest" });
  }
}
