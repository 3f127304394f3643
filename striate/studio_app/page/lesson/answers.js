// Softmax and the loss, and transfer.

import { make } from "../dom.js";
import { percent, tidy } from "../numbers.js";
import { slider } from "../playground/controls.js";
import { wire } from "../wire.js";
import { words } from "../words.js";
import { framed, into, intoPlayground } from "./stage.js";

const said = words.lesson.steps;

class Loss {
  scores = [2, 1, 0];
  label = 0;
  open = false;

  constructor() {
    const { classes } = said.loss;
    this.bars = classes.map(() => ({ value: make("span"), bar: make("i") }));
    this.sliders = this.scores.map((value, at) => slider(said.loss.score(classes[at]), { min: -4, max: 6, step: 0.5, value, oninput: (now) => { this.scores[at] = now; this.#change(); } }));
    this.truth = make("select", { "aria-label": said.loss.truth, onchange: () => { this.label = Number(this.truth.value); this.#change(); } }, ...classes.map((name, at) => make("option", { value: at }, name)));
    this.told = make("p", { class: "told", role: "status" });
    this.element = make("div", {}, make("div", { class: "two" },
      framed(said.loss.scores, make("div", { class: "sliders" }, ...this.sliders.map((each) => each.element), make("label", { class: "choice" }, make("span", {}, said.loss.truth), this.truth))),
      framed(said.loss.probabilities, make("div", { class: "bars" }, ...this.bars.map(({ value, bar }, at) => make("div", {}, make("span", {}, classes[at]), make("b", {}, bar), value))))), this.told);
  }

  async begin() {
    const found = await wire.ask({ kind: "lose", scores: this.scores, ending: "softmax", label: this.label });
    if (!found) return;
    this.probabilities = found.arrays.outputs.values;
    this.loss = found.loss;
    this.bars.forEach(({ value, bar }, at) => {
      value.textContent = percent(this.probabilities[at]);
      bar.style.width = `${100 * this.probabilities[at]}%`;
      bar.classList.toggle("truth", at === this.label);
    });
    const p = tidy(Number(this.probabilities[this.label].toPrecision(3)));
    this.told.textContent = said.loss.at(p, this.open ? tidy(Number(this.loss.toPrecision(3))) : "?");
  }

  async #change() {
    this.open = false;
    await this.begin();
    this.element.dispatchEvent(new Event("changed"));
  }

  async question() {
    const p = tidy(Number(this.probabilities[this.label].toPrecision(3)));
    return { text: said.loss.ask(p), answer: this.loss, within: Math.max(0.02, 0.02 * this.loss), how: said.loss.how(p, tidy(Number(this.loss.toPrecision(3)))), hint: said.loss.hint, only: true };
  }

  solved() { this.open = true; this.begin(); }

  links() { return [intoPlayground({ step: "loss", scores: [...this.scores], label: this.label })]; }
}

const LENDER = "input 1x8x8 classes=10\nconv 8 > relu > maxpool 2\nconv 16 > relu > maxpool 2\nflatten > fc";

class Transfer {
  images = 2;
  tried = [];

  constructor() {
    const own = said.transfer;
    const few = slider(own.images, { min: 1, max: 20, value: 2, oninput: (value) => { this.images = value; } });
    this.button = make("button", { class: "strong", onclick: () => this.#learn() }, own.learn);
    this.body = make("tbody");
    this.told = make("p", { class: "told", role: "status" });
    this.layers = make("table", { class: "listed" });
    this.element = make("div", {}, make("div", { class: "two" }, framed(own.network, this.layers),
      framed(own.race, make("div", { class: "sliders" }, few.element), this.button, this.told,
        make("table", { class: "listed" }, make("thead", {}, make("tr", {}, ...own.columns.map((each) => make("th", { scope: "col" }, each)))), this.body))));
  }

  async begin() {
    const found = await wire.ask({ kind: "check", text: LENDER });
    if (!found) return;
    this.rows = found.rows;
    this.all = found.parameters;
    const own = said.transfer;
    this.layers.replaceChildren(make("thead", {}, make("tr", {}, ...own.layerColumns.map((each) => make("th", { scope: "col" }, each)))),
      make("tbody", {}, ...this.rows.filter((each) => each.parameters).map((each) => make("tr", {}, make("td", {}, each.name), make("td", {}, each === this.rows.at(-1) ? own.sum(each.formulas.parameters.split(" = ")[0].replaceAll("*", "·")) : each.parameters.toLocaleString("en-US")), make("td", {}, each === this.rows.at(-1) ? own.anew : own.lent)))));
  }

  async #learn() {
    const own = said.transfer;
    this.button.disabled = true;
    this.told.textContent = own.working;
    try {
      const found = await wire.ask({ kind: "lend", images: this.images }, (what) => { this.told.textContent = `${what} …`; });
      if (found) {
        this.tried = [...this.tried.filter((each) => each.learnt !== found.learnt), found].sort((a, b) => a.learnt - b.learnt);
        this.body.replaceChildren(...this.tried.map((each) => make("tr", {}, make("td", {}, String(each.learnt)), make("td", {}, percent(each.lent)), make("td", {}, percent(each.anew)))));
        this.told.textContent = own.done(found.tested);
      }
    } catch (error) {
      this.told.textContent = error.message;
    }
    this.button.disabled = false;
  }

  async question() {
    const last = this.rows.at(-1);
    return { text: said.transfer.ask(this.all.toLocaleString("en-US")), answer: last.parameters, how: said.transfer.how(last.formulas.parameters.replaceAll("*", "·"), percent(last.parameters / this.all)), hint: said.transfer.hint, only: true };
  }

  links() { return [into("build", { text: LENDER }), into("inside", { network: "digits" })]; }
}

export const ANSWERS = [{ id: "loss", Stage: Loss }, { id: "transfer", Stage: Transfer }];
