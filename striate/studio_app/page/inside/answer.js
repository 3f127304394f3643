// What the network answers: logits, their exponentials and the probabilities, lit together.

import { make } from "../dom.js";
import { percent, show } from "../numbers.js";
import { headed, unanswered, untrained } from "../untrained.js";
import { words } from "../words.js";

const FEW = 10;
const said = words.answer;

export class AnswerPanel {
  #all = false;
  #rows = new Map();

  // light(unit): a class is pointed at; choose(unit): it is clicked.
  constructor({ light, choose }) {
    this.light = light;
    this.choose = choose;
    this.body = make("div");
    this.likely = make("div", { class: "likely" });
    this.title = make("h2");
    this.element = make("section", { class: "answer" }, this.title, this.body);
  }

  show(scene) {
    this.scene = scene;
    const { logits, powers, probabilities, classes, temperature, mirrored, answer, note } = scene;
    this.title.replaceChildren(...headed(said.title, note));
    const order = [...logits.keys()].sort((a, b) => logits[b] - logits[a]);
    const shown = this.#all ? order : order.slice(0, FEW);
    this.#rows.clear();
    const rows = shown.map((unit) => {
      const row = make("tr", { onclick: () => this.choose(unit), onpointerenter: () => this.light(unit), onpointerleave: () => this.light(-1) },
        make("td", {}, classes[unit] ?? String(unit)), make("td", {}, show(logits[unit])), make("td", {}, show(powers[unit])),
        make("td", { class: "bar", "--p": String(probabilities[unit]) }, percent(probabilities[unit])));
      this.#rows.set(unit, row);
      return row;
    });
    const total = powers.reduce((sum, each) => sum + each, 0);
    this.body.replaceChildren(
      unanswered(answer),
      make("p", { class: "soft" }, temperature === 1 ? said.formula : said.formulaT(show(temperature))),
      make("div", { class: "scroll" }, make("table", { class: "listed" },
        make("thead", {}, make("tr", {}, ...[said.class, said.logit, said.exp, said.probability].map((each) => make("th", {}, each)))),
        make("tbody", {}, ...rows),
        make("tfoot", {}, make("tr", {}, make("td", {}, said.sum), make("td"), make("td", {}, show(total)), make("td", {}, percent(1)))))),
      mirrored ? make("p", { class: "soft" }, said.mirrored) : "",
      order.length > FEW ? make("button", { class: "more", onclick: () => { this.#all = !this.#all; this.show(scene); } }, this.#all ? said.few : said.all(order.length)) : "");
    this.likely.replaceChildren(untrained(note), unanswered(answer), ...order.slice(0, 5).map((unit) => make("button", { "--p": String(probabilities[unit]), onclick: () => this.choose(unit), onpointerenter: () => this.light(unit), onpointerleave: () => this.light(-1) },
      make("span", {}, classes[unit] ?? String(unit)), make("span", {}, percent(probabilities[unit])))));
  }

  mark(unit) {
    for (const [own, row] of this.#rows) row.classList.toggle("lit", own === unit);
  }

  headline(scene) {
    return scene.note ? `${scene.answer.words}, ${words.notTrained}` : scene.answer.words;
  }
}
