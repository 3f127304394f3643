// A question whose answer is a number that the page has calculated.

import { make } from "../dom.js";
import { tidy } from "../numbers.js";
import { readNumber } from "../playground/controls.js";
import { words } from "../words.js";

const said = words.lesson.question;
const TRIES = 2; // after which the answer can be shown

export class Question {
  #tries = 0;

  // right(): it was answered; again(): another one is wanted.
  constructor({ right, again }) {
    this.right = right;
    this.text = make("p", { id: "asked" });
    this.input = make("input", { type: "text", inputMode: "decimal", autocomplete: "off", "aria-labelledby": "asked" });
    this.verdict = make("p", { class: "verdict", role: "status" });
    this.reveal = make("button", { type: "button", hidden: true, onclick: () => this.#show() }, said.show);
    this.another = make("button", { type: "button", onclick: again }, said.another);
    const form = make("form", { onsubmit: (event) => { event.preventDefault(); this.#check(); } }, this.input, make("button", { class: "strong" }, said.check), this.another, this.reveal);
    this.element = make("section", { class: "question" }, make("h3", {}, said.title), this.text, form, this.verdict);
  }

  // asked: {text, answer, within, how}: within is how far off an answer may be, how tells the way to it.
  show(asked) {
    this.asked = asked;
    this.#tries = 0;
    this.element.hidden = !asked;
    if (!asked) return;
    this.text.textContent = asked.text;
    this.input.value = "";
    this.input.removeAttribute("aria-invalid");
    this.verdict.textContent = "";
    this.verdict.className = "verdict";
    this.reveal.hidden = true;
    this.another.hidden = asked.only === true;
  }

  #check() {
    const given = readNumber(this.input.value.replace("%", "").replaceAll(" ", ""));
    if (given === null) {
      this.verdict.textContent = said.number;
      return;
    }
    const { answer, within = 0, how } = this.asked;
    const right = Math.abs(given - answer) <= within + 1e-9;
    this.input.setAttribute("aria-invalid", String(!right));
    this.verdict.className = `verdict ${right ? "right" : "wrong"}`;
    if (right) {
      this.verdict.textContent = `${said.right} ${how}`;
      this.reveal.hidden = true;
      this.right();
      return;
    }
    this.#tries += 1;
    this.verdict.textContent = `${said.wrong} ${this.asked.hint ?? ""}`;
    this.reveal.hidden = this.#tries < TRIES;
  }

  #show() {
    this.verdict.className = "verdict";
    this.verdict.textContent = `${said.answerIs(tidy(this.asked.answer))} ${this.asked.how}`;
    this.reveal.hidden = true;
  }
}
