// Scores to probabilities, and to the loss against the true class.

import { make, tell } from "../dom.js";
import { percent, tidy as show } from "../numbers.js";
import { wire } from "../wire.js";
import { words } from "../words.js";
import { choice, readNumber } from "./controls.js";
import { plot } from "./curve.js";
import { line, result, under } from "../line.js";

const said = words.playground.loss;
const MOST = 12;
const REACH = 10; // of a slider

export class LossPanel {
  #rows = [];
  #turn = 0;

  // changed(): the settings are other ones; flattened(): the numbers that flatten gives, or null.
  constructor({ changed, flattened }) {
    this.changed = changed;
    this.flattened = flattened;
    this.controls = make("div", { class: "controls" });
    this.head = make("tr");
    this.body = make("tbody");
    this.foot = make("tr");
    this.lines = make("div", { class: "stage" });
    this.curve = make("div");
    this.element = make("section", { class: "losses" }, make("h2", {}, said.title), make("p", { class: "soft" }, said.lead), this.controls,
      make("div", { class: "scroll", tabIndex: 0, role: "region", "aria-label": said.table }, make("table", { class: "listed scores" }, make("thead", {}, this.head), this.body, make("tfoot", {}, this.foot))),
      make("div", { class: "outcome" }, this.lines, this.curve));
  }

  open(state) {
    this.state = state;
    this.#build();
    return this.ask();
  }

  #set(part) {
    Object.assign(this.state, part);
    this.state.label = Math.min(this.state.label, this.state.scores.length - 1);
    this.#build();
    this.changed();
    this.ask();
  }

  #build() {
    const { scores, ending, label } = this.state;
    this.controls.replaceChildren(
      choice(said.ending, [["softmax", "softmax"], ["sigmoid", "sigmoid"]], ending, (value) => this.#set({ ending: value })),
      make("button", { disabled: scores.length >= MOST, onclick: () => this.#set({ scores: [...scores, 0] }) }, said.more),
      make("button", { disabled: scores.length <= 2, onclick: () => this.#set({ scores: scores.slice(0, -1) }) }, said.less),
      make("button", { onclick: () => this.#take() }, said.take));
    const power = ending === "softmax" ? said.power : said.powerSigmoid;
    this.head.replaceChildren(...[said.true, said.class, said.score, "", power, said.probability, said.target, said.gradient].map((each) => make("th", { scope: "col" }, each)));
    this.#rows = scores.map((score, at) => this.#row(score, at, at === label));
    this.body.replaceChildren(...this.#rows.map((each) => each.element));
  }

  #row(score, at, isTrue) {
    const name = said.name(at);
    const write = (x) => { this.state.scores[at] = x; this.changed(); this.ask(); };
    const typed = make("input", { type: "text", inputMode: "decimal", value: String(score), "aria-label": said.scoreOf(name), oninput: () => {
      const x = readNumber(typed.value);
      typed.setAttribute("aria-invalid", String(x === null));
      if (x === null) return;
      range.value = x;
      write(x);
    } });
    const range = make("input", { type: "range", min: -REACH, max: REACH, step: 0.1, "aria-label": said.scoreOf(name), oninput: () => { typed.value = range.value; write(Number(range.value)); } });
    range.value = score;
    const pick = make("input", { type: "radio", name: "truth", checked: isTrue, "aria-label": said.isTrue(name), onchange: () => this.#set({ label: at }) });
    const cells = { power: make("td"), probability: make("td", { class: "bar" }), target: make("td"), gradient: make("td") };
    const element = make("tr", { class: isTrue ? "true" : "" }, make("td", {}, pick), make("td", {}, name), make("td", {}, typed), make("td", {}, range), cells.power, cells.probability, cells.target, cells.gradient);
    return { element, cells };
  }

  async #take() {
    const found = await this.flattened();
    if (!found) return;
    if (found.length < 2 || found.length > MOST) tell(said.wrongCount(found.length, MOST), { error: true });
    else this.#set({ scores: [...found] });
  }

  async ask() {
    const { scores, ending, label } = this.state;
    this.#turn += 1;
    const turn = this.#turn;
    try {
      const found = await wire.ask({ kind: "lose", scores, ending, label });
      if (found && turn === this.#turn) this.#show(found);
    } catch (error) {
      this.lines.replaceChildren(make("p", { class: "error" }, error.message));
      this.curve.replaceChildren();
    }
  }

  #show({ loss, calculation, name, squared_error: squared, entropy, arrays }) {
    const [powers, outputs, target, gradient] = ["powers", "outputs", "target", "gradient"].map((each) => arrays[each].values);
    this.#rows.forEach(({ cells }, at) => {
      cells.power.textContent = show(powers[at]);
      cells.probability.textContent = percent(outputs[at]);
      cells.probability.style.setProperty("--p", String(outputs[at]));
      cells.target.textContent = show(target[at]);
      cells.gradient.textContent = show(gradient[at]);
    });
    const softmax = this.state.ending === "softmax";
    const sum = powers.reduce((a, b) => a + b, 0);
    this.foot.replaceChildren(...["", said.sum, "", "", softmax ? show(sum) : "", softmax ? percent(outputs.reduce((a, b) => a + b, 0)) : "", "", ""].map((each) => make("td", {}, each)));
    const p = outputs[this.state.label];
    const lines = [];
    if (softmax) {
      lines.push(line({ class: "line bare" }, said.probabilityOf(said.name(this.state.label)), "=", under(show(powers[this.state.label]), said.own), "/", under(show(sum), said.sum), "=", result(show(p))));
    }
    lines.push(line({ class: "line", "data-loss": "cross-entropy" }, said.losses[name], "=", calculation.replaceAll("-", "\u2212"), "=", result(show(loss))),
      line({ class: "line", "data-loss": "squared" }, said.squared, "=", [...outputs].map((y, at) => `(${show(y)} − ${show(target[at])})²`).join(" + "), "=", result(show(squared))));
    if (entropy !== undefined) lines.push(make("p", { class: "check" }, said.entropy(show(entropy))));
    lines.push(make("p", { class: "check" }, said.gradientSaid));
    this.lines.replaceChildren(...lines);
    const cost = (x) => -Math.log(Math.max(x, 1e-300));
    this.curve.replaceChildren(plot(cost, { from: 0, to: 1, low: 0, high: 7, x: Math.max(p, 0.001), y: cost(Math.max(p, 1e-300)), label: said.curve }));
  }
}
