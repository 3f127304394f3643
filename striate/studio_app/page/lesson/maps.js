// ReLU, pooling, depth.

import { make } from "../dom.js";
import { Grid } from "../grid.js";
import { brief } from "../numbers.js";
import { slider } from "../playground/controls.js";
import { GRIDS } from "../playground/settings.js";
import { wire } from "../wire.js";
import { words } from "../words.js";
import { framed, into, intoPlayground, paint, play, random, text, under, walkable } from "./stage.js";

const said = words.lesson.steps;
const EDGE = "-1 0 1;-2 0 2;-1 0 1";

class Bend {
  slope = 0;

  constructor() {
    const go = (row, column) => this.#point(row, column);
    this.given = new Grid({ label: said.relu.given, onpoint: go, onpick: go });
    this.made = new Grid({ label: said.relu.made, onpoint: go, onpick: go });
    this.told = make("p", { class: "told", role: "status" });
    for (const grid of [this.given, this.made]) walkable(grid, () => this.at, go);
    const bend = slider(said.relu.slope, { min: 0, max: 1, step: 0.1, value: 0, oninput: (value) => { this.slope = value; this.begin(); } });
    this.element = make("div", {}, make("div", { class: "two" }, framed(said.relu.given, this.given.element), framed(said.relu.made, this.made.element)), this.told, make("div", { class: "sliders" }, bend.element));
  }

  async begin() {
    const found = await play({ grid: GRIDS.smile, kernel: EDGE, slope: this.slope, step: "relu" });
    if (!found) return;
    this.input = found.arrays.in;
    this.output = found.arrays.out;
    const reach = Math.max(...Array.from(this.input.values, Math.abs));
    paint(this.given, this.input, { reach });
    paint(this.made, this.output, { reach });
    this.#point(...(this.at ?? [0, 0]));
  }

  #point(row, column) {
    this.at = [row, column];
    const at = row * this.input.shape[1] + column;
    this.given.mark({ focus: this.at });
    this.made.mark({ focus: this.at });
    this.told.textContent = said.relu.at(brief(this.input.values[at]), brief(this.output.values[at]), this.slope);
  }

  async question() {
    const below = this.input.values.filter((x) => x < 0).length;
    return { text: said.relu.ask(this.input.values.length), answer: below, how: said.relu.how(below, this.input.values.length), hint: said.relu.hint, only: true };
  }

  links() { return [intoPlayground({ step: "relu" })]; }

  repaint() { this.given.repaint(); this.made.repaint(); }
}

class Pooling {
  asked = null;

  constructor() {
    const go = (row, column) => this.#point(row, column);
    this.given = new Grid({ label: said.pooling.given });
    this.made = new Grid({ label: said.pooling.made, onpoint: go, onpick: go });
    this.told = make("p", { class: "told", role: "status" });
    walkable(this.made, () => this.at, go);
    this.mode = make("select", { "aria-label": said.pooling.mode, onchange: () => this.#change() }, ...["max", "avg"].map((each) => make("option", { value: each }, words.playground.poolings[each])));
    this.element = make("div", {}, make("div", { class: "two" }, framed(said.pooling.given, this.given.element), framed(said.pooling.made, this.made.element)), this.told, make("div", { class: "controls" }, this.mode));
  }

  async begin() { if (!this.grid) await this.#fill(); }

  async #fill() {
    this.grid = text(Array.from({ length: 6 }, () => Array.from({ length: 6 }, () => random(10))));
    await this.#load();
  }

  async #load() {
    const found = await play({ grid: this.grid, mode: this.mode.value, step: "pool" });
    if (!found) return;
    this.input = found.arrays.in;
    this.output = found.arrays.out;
    paint(this.given, this.input, { reach: 9 });
    this.#draw();
  }

  async #change() {
    await this.#load();
    this.element.dispatchEvent(new Event("changed"));
  }

  #draw() {
    paint(this.made, this.output, { hidden: this.asked, reach: 9 });
    this.#point(...(this.at ?? [0, 0]));
  }

  #point(row, column) {
    this.at = [row, column];
    const cells = under(row, column, 2, 2);
    const hidden = this.asked?.join() === this.at.join();
    this.given.mark({ cells });
    this.made.mark({ focus: this.at });
    const four = cells.map(([r, c]) => this.input.values[r * 6 + c]);
    this.told.textContent = said.pooling.at(words.playground.poolings[this.mode.value], four.map(brief).join(", "), hidden ? "?" : brief(this.output.values[row * 3 + column]));
  }

  async question() {
    this.asked = null;
    await this.#fill();
    const at = random(9);
    this.asked = [Math.floor(at / 3), at % 3];
    this.at = this.asked;
    this.#draw();
    return { text: said.pooling.ask(...this.asked), answer: this.output.values[at], within: 0.005, how: said.pooling.how, hint: said.pooling.hint };
  }

  solved() { this.asked = null; this.#draw(); }

  links() { return [intoPlayground({ step: "pool" })]; }

  repaint() { this.given.repaint(); this.made.repaint(); }
}

const IMAGE = "photographs/flower";

class Depth {
  layers = 3;
  pools = false;
  open = false;

  constructor() {
    this.image = new Grid({ label: said.depth.image });
    this.told = make("p", { class: "told", role: "status" });
    this.code = make("code");
    this.pool = make("input", { type: "checkbox", onchange: () => { this.pools = this.pool.checked; this.#change(); } });
    const deep = slider(said.depth.layers, { min: 1, max: 5, value: 3, oninput: (value) => { this.layers = value; this.#change(); } });
    this.element = make("div", {}, make("div", { class: "two" }, framed(said.depth.image, this.image.element),
      make("div", { class: "sliders" }, deep.element, make("label", { class: "choice" }, this.pool, ` ${said.depth.pool}`), make("p", {}, this.code), this.told)));
  }

  get text() {
    const turn = this.pools ? "conv 8 > relu > maxpool 2" : "conv 8 > relu";
    return `input 3x64x64 classes=10\n[${turn}]*${this.layers}\nflatten > fc`;
  }

  async begin() {
    this.code.textContent = this.text.split("\n")[1];
    const [checked, fitted] = await Promise.all([wire.ask({ kind: "check", text: this.text }), this.shown ? null : this.#open()]);
    if (fitted) { this.image.show({ values: fitted.arrays.pixels.values, rows: 64, columns: 64, channels: 3 }); this.shown = true; }
    if (!checked) return;
    const placed = checked.rows.filter((each) => each.output.length === 3);
    this.layer = placed.at(-1);
    this.seen = this.layer.receptive_field;
    this.windows = placed.filter((each) => each.formulas.receptive_field).map((each) => [each.name, each.formulas.receptive_field]);
    const middle = Math.floor(this.layer.output[1] / 2);
    const found = await wire.ask({ kind: "seen", text: this.text, layer: this.layer.name, row: middle, column: middle });
    if (found) this.image.mark({ box: found.box });
    this.#tell();
  }

  async #open() {
    const ask = (image) => wire.ask({ kind: "fitted", image, channels: 3, rows: 64, columns: 64 });
    try { return await ask(IMAGE); } catch { return ask("drawn/house"); }
  }

  async #change() {
    this.open = false;
    await this.begin();
    this.element.dispatchEvent(new Event("changed"));
  }

  #tell() {
    this.told.textContent = this.open ? said.depth.at(this.layer.name, this.seen) : said.depth.box(this.layer.name);
  }

  async question() {
    if (!this.layer) return null;
    return { text: said.depth.ask(this.layers, this.pools), answer: this.seen, hint: said.depth.hint, only: true,
      how: this.windows.map(([name, sum]) => `${name}: ${sum.replaceAll("*", "·").replaceAll(" - ", " − ")}`).join("; ") };
  }

  solved() { this.open = true; this.#tell(); }

  links() { return [into("build", { text: this.text })]; }

  repaint() { this.image.repaint(); }
}

export const MAPS = [{ id: "relu", Stage: Bend }, { id: "pooling", Stage: Pooling }, { id: "depth", Stage: Depth }];
