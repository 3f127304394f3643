// The first three ideas: a picture is numbers, convolution, padding and stride.

import { make } from "../dom.js";
import { Grid } from "../grid.js";
import { slider } from "../playground/controls.js";
import { GRIDS } from "../playground/settings.js";
import { wire } from "../wire.js";
import { words } from "../words.js";
import { framed, into, intoPlayground, paint, pick, play, random, sumOf, table, under, walkable } from "./stage.js";

const said = words.lesson.steps;

class Picture {
  constructor() {
    const go = (row, column) => this.#point(row, column);
    this.image = new Grid({ label: said.picture.image, onpoint: go, onpick: go });
    this.numbers = new Grid({ label: said.picture.numbers, onpoint: go, onpick: go });
    for (const grid of [this.image, this.numbers]) walkable(grid, () => this.at, go);
    this.told = make("p", { class: "told", role: "status" });
    this.element = make("div", {}, make("div", { class: "two" }, framed(said.picture.image, this.image.element), framed(said.picture.numbers, this.numbers.element)), this.told,
      make("div", { class: "controls" }, make("button", { onclick: () => this.#choose(random(1797)) }, said.picture.other)));
  }

  begin() { return this.pixels ? undefined : this.#choose(42); }

  async #choose(number) {
    this.number = number;
    const found = await wire.ask({ kind: "fitted", image: `digits/${String(number).padStart(4, "0")}`, channels: 1, rows: 8, columns: 8 });
    if (!found) return;
    this.pixels = found.arrays.pixels.values;
    this.image.show({ values: this.pixels, rows: 8, columns: 8, channels: 1 });
    this.numbers.show({ values: Float32Array.from(this.pixels), rows: 8, columns: 8, reach: 255 });
    this.#point(3, 3);
  }

  #point(row, column) {
    this.at = [row, column];
    this.image.mark({ focus: [row, column] });
    this.numbers.mark({ focus: [row, column] });
    this.told.textContent = said.picture.at(row, column, this.pixels[row * 8 + column]);
  }

  async question() {
    const at = pick([...this.pixels.keys()].filter((each) => this.pixels[each] > 0));
    const [row, column] = [Math.floor(at / 8), at % 8];
    return { text: said.picture.ask(row, column), answer: this.pixels[at], how: said.picture.how, hint: said.picture.hint };
  }

  links() { return [into("inside", { network: "digits", image: "digits/0042", layer: "input" })]; }

  repaint() { this.image.repaint(); this.numbers.repaint(); }
}

const KERNELS = { detector: [[0, 0, 1], [1, 0, 0], [0, 1, 1]], edge: [[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]], sum: [[1, 1, 1], [1, 1, 1], [1, 1, 1]] };

class Convolution {
  asked = null;
  at = [0, 0];

  constructor() {
    this.given = new Grid({ label: said.convolution.given });
    const go = (row, column) => this.#point(row, column);
    this.made = new Grid({ label: said.convolution.made, onpoint: go, onpick: go });
    walkable(this.made, () => this.at, go);
    this.kernelPlace = make("div");
    this.told = make("p", { class: "told", role: "status" });
    this.choice = make("select", { "aria-label": said.convolution.kernel, onchange: () => this.#change() }, ...Object.keys(KERNELS).map((name) => make("option", { value: name }, said.convolution.kernels[name])));
    const turn = (by) => () => this.#step(by);
    this.element = make("div", {}, make("div", { class: "three" }, framed(said.convolution.given, this.given.element), framed(said.convolution.kernel, this.kernelPlace, this.choice), framed(said.convolution.made, this.made.element)),
      this.told, make("div", { class: "controls" }, make("button", { onclick: turn(-1) }, words.back), make("button", { onclick: turn(1) }, words.step)));
  }

  get kernel() { return KERNELS[this.choice.value]; }

  begin() { return this.#load(); }

  async #load() {
    const found = await play({ grid: GRIDS.smile, kernel: this.kernel.map((row) => row.join(" ")).join(";") });
    if (!found) return;
    this.input = found.arrays.in;
    this.output = found.arrays.out;
    this.kernelPlace.replaceChildren(table(said.convolution.kernel, this.kernel));
    paint(this.given, this.input);
    this.#draw();
  }

  async #change() {
    this.asked = null;
    await this.#load();
    this.element.dispatchEvent(new Event("changed"));
  }

  #draw() {
    paint(this.made, this.output, { hidden: this.asked });
    this.#point(...this.at);
  }

  #point(row, column) {
    this.at = [row, column];
    const cells = under(row, column, 3);
    const hidden = this.asked && this.asked.join() === this.at.join();
    this.given.mark({ cells });
    this.made.mark({ focus: this.at });
    const [, columns] = this.input.shape;
    this.told.textContent = sumOf(cells.map(([r, c]) => this.input.values[r * columns + c]), this.kernel.flat(), hidden ? null : this.output.values[row * this.output.shape[1] + column]);
  }

  #step(by) {
    const [rows, columns] = this.output.shape;
    const now = (this.at[0] * columns + this.at[1] + by + rows * columns) % (rows * columns);
    this.#point(Math.floor(now / columns), now % columns);
  }

  async question() {
    const [, columns] = this.output.shape;
    const some = [...this.output.values.keys()].filter((at) => this.output.values[at] !== 0);
    const at = pick(some);
    this.asked = [Math.floor(at / columns), at % columns];
    this.#draw();
    this.#point(...this.asked);
    return { text: said.convolution.ask(...this.asked), answer: this.output.values[at], how: said.convolution.how, hint: said.convolution.hint };
  }

  solved() { this.asked = null; this.#draw(); }

  links() { return [intoPlayground({ kernel: "0 0 1;1 0 0;0 1 1" })]; }

  repaint() { for (const grid of [this.given, this.made]) grid.repaint(); }
}

class Steps {
  size = 7;
  kernel = 3;
  pad = 0;
  stride = 1;
  at = 0;
  open = false;

  constructor() {
    this.given = new Grid({ label: said.padding.given });
    this.count = make("p", { class: "told", role: "status" });
    this.formula = make("p", { class: "formula" });
    const own = said.padding;
    const along = (name, label, min, max) => slider(label, { min, max, value: this[name], oninput: (value) => { this[name] = value; this.#change(); } }).element;
    this.element = make("div", {}, make("div", { class: "two" }, framed(own.given, this.given.element),
      make("div", { class: "sliders" }, along("size", own.size, 4, 10), along("kernel", own.kernel, 1, 5), along("pad", own.pad, 0, 2), along("stride", own.stride, 1, 4),
        make("div", { class: "controls" }, make("button", { onclick: () => this.#step(-1) }, words.back), make("button", { onclick: () => this.#step(1) }, words.step)), this.count, this.formula)));
  }

  begin() { return this.#load(); }

  async #load() {
    const grid = Array.from({ length: this.size }, (_, row) => Array.from({ length: this.size }, (__, column) => ((row * 3 + column * 5) % 9) + 1).join(" ")).join(";");
    const ones = Array(this.kernel).fill(Array(this.kernel).fill(1).join(" ")).join(";");
    const found = await play({ grid, kernel: ones, stride: this.stride, pad: this.pad });
    if (!found) return;
    const margin = Array(4).fill(this.pad);
    paint(this.given, found.arrays.in, { margin });
    this.out = found.wrong.conv ? 0 : found.steps.conv.shape[1];
    this.wrong = found.wrong.conv ?? "";
    this.at = 0;
    this.#draw();
  }

  async #change() {
    this.open = false;
    await this.#load();
    this.element.dispatchEvent(new Event("changed"));
  }

  #draw() {
    const own = said.padding;
    this.given.mark({ cells: this.out ? under(0, this.at, this.kernel, this.stride, this.pad) : [] });
    this.count.textContent = this.wrong || own.place(this.at + 1);
    this.formula.textContent = this.open ? own.formula(this.size, this.pad, this.kernel, this.stride, this.out) : own.formulaOf;
  }

  #step(by) {
    if (!this.out) return;
    this.at = Math.min(Math.max(this.at + by, 0), this.out - 1);
    this.#draw();
  }

  async question() {
    const own = said.padding;
    if (!this.out) return null;
    return { text: own.ask(this.size, this.kernel, this.pad, this.stride), answer: this.out, how: own.formula(this.size, this.pad, this.kernel, this.stride, this.out), hint: own.hint, only: true };
  }

  solved() { this.open = true; this.#draw(); }

  links() { return [intoPlayground({ stride: [2, 2], pad: "same" })]; }

  repaint() { this.given.repaint(); }
}

export const PIXELS = [{ id: "picture", Stage: Picture }, { id: "convolution", Stage: Convolution }, { id: "padding", Stage: Steps }];
