// Predict: the reader is asked for the next number before it is shown.

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

  truth(step) {
    if (step.kind === "forward") return this.explorer.story.nodes[step.node].value;
    return step.kind === "backward" ? step.part : null;
  }

  /** The question, as the card of this step. */
  card() {
    const { explorer, pending } = this;
    const { step } = pending;
    const input = element("input");
    Object.assign(input, { type: "text", id: "answer", autocomplete: "off", inputMode: "text" });
    input.setAttribute("aria-label", "Your answer");
    input.setAttribute("aria-describedby", "question");
    const verdict = element("p", "verdict");
    verdict.setAttribute("role", "status");
    const form = element(
      "form", "quiz",
      input, element("button", "primary", "Check"), this.button("Show me", () => this.reveal()),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.check(input, verdict);
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
      element("p", "hint", score + "A number, or arithmetic such as 2*-3. Right is what is off by 1 % at most."),
    ];
  }

  button(text, action) {
    const made = element("button", "", text);
    made.type = "button";
    made.addEventListener("click", action);
    return made;
  }

  check(input, verdict) {
    const guess = evaluate(input.value);
    if (!input.value.trim() || (Number.isNaN(guess) && !/^nan$/i.test(input.value.trim()))) {
      verdict.textContent = "That is no number.";
      return;
    }
    const { pending } = this;
    const right = isRight(guess, pending.truth) || (Number.isNaN(guess) && Number.isNaN(num(pending.truth)));
    pending.tries += 1;
    if (!right) {
      verdict.textContent = this.hint(guess, pending);
      verdict.className = "verdict wrong";
      input.select();
      return;
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
    if (step.kind === "backward" && step.before !== null && close(step.after)) return "That is the sum afterwards; asked is what is added.";
    return tries > 1 ? "Not yet. “Show me” tells." : "Not quite: try again.";
  }

  reveal(verdict) {
    const { at } = this.pending;
    if (!verdict) this.asked += 1;
    this.pending = null;
    this.explorer.show(at, verdict || "");
    document.getElementById("next").focus();
  }
}
