// What the network says of the drawing, and whether that is worth anything.

import { make } from "../dom.js";
import { percent, pixelCanvas } from "../numbers.js";
import { words } from "../words.js";

const said = words.draw;
const UNSURE = 0.5; // below that probability no class is named alone

export class Verdict {
  #text = "";

  constructor({ choose }) {
    this.choose = choose;
    this.answer = make("p", { class: "said" });
    this.why = make("p", { class: "soft" });
    this.bars = make("div", { class: "bars" });
    this.gets = make("div", { class: "gets" });
    this.right = make("p", { class: "soft right" });
    this.element = make("section", { class: "verdict" }, this.answer, this.why, this.bars);
  }

  show({ state, arrays, classes, answer, unlike, distance, length, note }) {
    const probabilities = arrays.probabilities.values;
    const order = [...probabilities.keys()].sort((one, other) => probabilities[other] - probabilities[one]);
    const [best, second] = order;
    const name = (unit) => classes[unit] ?? String(unit);
    const told = `${name(best)}, ${percent(probabilities[best])}`;
    let [head, why, kind] = [name(best), said.sure(percent(probabilities[best])), "sure"];
    if (state === "empty") [head, why, kind] = [said.nothing, said.nothingWhy, "none"];
    else if (state === "dot") [head, why, kind] = [said.dot, said.dotWhy, "none"];
    else if (note) [head, why, kind] = [words.notTrained, said.untrainedWhy(told), "none"];
    else if (unlike) [head, why, kind] = [said.unlike, said.unlikeWhy(told, distance > 1, length > 1), "none"];
    else if (answer.class === null) [head, why, kind] = [answer.node ?? words.answer.unknown, answer.node ? answer.words : `${answer.reason}.`, "none"];
    else if (probabilities[best] < UNSURE) [head, why, kind] = [said.unsure, said.unsureWhy(name(best), percent(probabilities[best]), name(second), percent(probabilities[second])), "none"];
    this.answer.className = `said ${kind}`;
    this.answer.textContent = head;
    this.why.textContent = why;
    this.#text = `${head}. ${why}`;
    this.#bars(order, probabilities, classes, state === "drawn" && kind === "sure" ? best : -1);
  }

  get text() { return this.#text; }

  #bars(order, probabilities, classes, best) {
    const shown = classes.length <= 12 ? [...classes.keys()] : order.slice(0, 10);
    if (this.bars.childElementCount !== shown.length) {
      this.bars.replaceChildren(...shown.map(() => make("button", {}, make("span"), make("i"), make("span"))));
    }
    shown.forEach((unit, at) => {
      const bar = this.bars.children[at];
      bar.onclick = () => this.choose(unit);
      bar.children[0].textContent = classes[unit] ?? String(unit);
      bar.children[1].style.setProperty("--p", String(probabilities[unit]));
      bar.children[2].textContent = percent(probabilities[unit]);
      bar.classList.toggle("best", unit === best);
    });
  }

  showInput({ values, shape: [rows, columns, channels] }, laid) {
    const canvas = pixelCanvas(values, rows, columns, channels);
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", said.gets);
    this.gets.replaceChildren(canvas, make("p", { class: "soft" }, make("b", {}, said.gets), ` ${rows} × ${columns}. ${laid}`));
  }

  showKnown({ why, n, correct, of }) {
    this.right.textContent = why ? said.unknown[why] ?? why : said.right(of, percent(correct / n), correct, n);
  }
}
