// What one unit looks for: the patches that it answers most to, and an image made for it.

import { make, tell } from "../dom.js";
import { percent, pixelCanvas, show } from "../numbers.js";
import { headed } from "../untrained.js";
import { words } from "../words.js";

const said = words.unit;

export class UnitPanel {
  #key = "";

  constructor(ask) {
    this.ask = ask;
    this.body = make("div");
    this.button = make("button", { onclick: () => this.look() }, said.button);
    this.progress = make("progress", { hidden: true, max: 1, value: 0, "aria-label": said.working });
    this.title = make("h2");
    this.element = make("section", { class: "unit" }, this.title, this.button, this.progress, this.body);
  }

  show(layer, unit, note) {
    this.title.replaceChildren(...headed(said.title, note));
    const key = `${layer.name} ${unit}`;
    if (key === this.#key) return;
    this.#key = key;
    this.layer = layer;
    this.unit = unit;
    this.body.replaceChildren();
    this.button.hidden = layer.name === "input";
    this.button.textContent = layer.shape.length === 1 ? said.buttonOptimum : said.button;
    this.progress.hidden = true;
  }

  async look() {
    const [layer, unit, key] = [this.layer, this.unit, this.#key];
    if (!layer || layer.name === "input") return;
    this.button.hidden = true;
    this.progress.hidden = false;
    const watch = (what, share) => { if (key === this.#key) this.progress.value = share; };
    const kinds = layer.shape.length === 1 ? ["optimum"] : ["top", "optimum"];
    try {
      for (const kind of kinds) {
        const found = await this.ask({ kind, layer: layer.name, unit }, watch);
        if (!found || key !== this.#key) return;
        this.body.append(kind === "top" ? this.#top(found) : this.#optimum(found));
      }
      if (kinds.length === 1) this.body.append(make("p", { class: "soft" }, said.noMaps));
    } catch (error) {
      tell(error.message, { error: true });
    } finally {
      if (key === this.#key) this.progress.hidden = true;
    }
  }

  #top(found) {
    const patches = found.patches.map((patch, at) => {
      const { values, shape: [rows, columns, channels] } = found.arrays[String(at)];
      return make("figure", { title: patch.name }, pixelCanvas(values, rows, columns, channels), make("figcaption", {}, `${show(patch.activation)} · ${patch.label}`));
    });
    const facts = found.active_share === 0 ? said.dead : said.active(percent(found.active_share));
    const classes = found.classes.filter(([, mean]) => mean > 0).map(([name]) => name).join(", ");
    return make("div", {}, make("h3", {}, said.top), make("p", { class: "soft" }, said.topOf(found.n, found.of)), make("div", { class: "patches" }, ...patches),
      make("p", { class: "soft" }, classes ? `${facts}; ${said.classes(classes)}` : facts));
  }

  #optimum(found) {
    const { values, shape: [rows, columns, channels] } = found.arrays.image;
    return make("div", { class: "optimum" }, make("h3", {}, said.optimum), pixelCanvas(values, rows, columns, channels),
      make("p", { class: "soft" }, said.optimumSaid(show(found.initial), show(found.activation))));
  }
}
