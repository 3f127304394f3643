// The walk from a logit down to a pixel, always by what contributes most.

import { make, tell } from "../dom.js";
import { percent, show, signed } from "../numbers.js";
import { headed } from "../untrained.js";
import { words } from "../words.js";

const said = words.walk;
const PACE = 1400; // milliseconds a step

export class WalkPanel {
  #timer = 0;

  constructor(ask, go) {
    this.ask = ask;
    this.go = go;
    this.target = -1;
    this.lead = make("p", { class: "soft" }, said.lead);
    this.body = make("div");
    this.play = make("button", { hidden: true, onclick: () => this.#play() }, said.play);
    this.title = make("h2");
    this.element = make("section", { class: "walk" }, this.title, this.lead,
      make("div", { class: "controls" }, make("button", { onclick: () => this.walk() }, said.button), this.play), this.body);
  }

  show(target, name, note) {
    this.title.replaceChildren(...headed(said.title, note));
    this.stop();
    this.target = target;
    this.lead.textContent = name ? said.leadOf(name) : said.lead;
    this.body.replaceChildren();
    this.play.hidden = true;
  }

  stop() {
    clearInterval(this.#timer);
    this.#timer = 0;
    this.play.setAttribute("aria-pressed", "false");
  }

  async walk() {
    try {
      const found = await this.ask({ kind: "walk", target: this.target });
      if (!found) return;
      this.lead.textContent = said.leadOf(found.target);
      const items = found.steps.flatMap((step) => {
        const place = step.row < 0 ? said.number(step.unit) : said.cell(step.unit, step.row, step.column);
        return [
          make("li", {}, make("button", { onclick: () => this.go(step.layer, step.unit, step.row, step.column) }, said.step(step.layer, place, show(step.value)))),
          make("li", { class: "gives" }, said.gives(signed(step.contribution), percent(step.share))),
        ];
      });
      const end = found.pixel
        ? make("li", {}, make("button", { onclick: () => this.go("input", ...found.pixel) }, said.pixel(...found.pixel)))
        : make("li", { class: "soft" }, found.stopped);
      this.body.replaceChildren(make("ol", { class: "path" }, ...items, end));
      this.play.hidden = false;
    } catch (error) {
      tell(error.message, { error: true });
    }
  }

  #play() {
    if (this.#timer) {
      this.stop();
      return;
    }
    const buttons = [...this.body.querySelectorAll(".path button")];
    let at = 0;
    const step = () => {
      if (at >= buttons.length) { this.stop(); return; }
      buttons.forEach((each, own) => each.setAttribute("aria-pressed", String(own === at)));
      buttons[at].click();
      at += 1;
    };
    this.play.setAttribute("aria-pressed", "true");
    step();
    this.#timer = setInterval(step, PACE);
  }
}
