// What a unit sees: a place in a layer's map, and its receptive field on an image of one's own.

import { make } from "../dom.js";
import { Grid } from "../grid.js";
import { colours } from "../numbers.js";
import { wire } from "../wire.js";
import { words } from "../words.js";
import { sum } from "./table.js";

const said = words.build.sight;

export class SightPanel {
  #shape = ""; // of the image that is shown, with its address
  row = -1;
  column = -1;

  // moved(): another layer or unit; image(): another image is wanted.
  constructor({ moved, image }) {
    this.moved = moved;
    this.image = new Grid({ label: said.image });
    this.map = new Grid({ label: said.map, onpoint: (row, column) => { if (!this.kept) this.#go(row, column); }, onpick: (row, column) => this.#pick(row, column) });
    this.layerPick = make("select", { "aria-label": said.layer, onchange: () => moved({ layer: this.layerPick.value }) });
    const field = (label) => make("input", { type: "number", min: 0, "aria-label": label, onchange: () => { this.kept = true; this.#go(Number(this.rowField.value), Number(this.columnField.value)); } });
    this.rowField = field(said.row);
    this.columnField = field(said.column);
    this.mapName = make("small");
    this.text = make("p", { class: "soft", role: "status" });
    this.element = make("section", { class: "sight" }, make("h2", {}, said.title),
      make("div", { class: "controls" }, this.layerPick, make("label", {}, said.row, this.rowField), make("label", {}, said.column, this.columnField), make("button", { onclick: image }, said.change)),
      make("div", { class: "pair" }, make("div", {}, make("h3", {}, said.map, this.mapName), this.map.element), make("div", {}, make("h3", {}, said.image), this.image.element),
        make("div", {}, this.text, make("p", { class: "soft" }, said.hint))));
  }

  // The network has become another.
  show(text, { rows, input }, address, layer) {
    this.text_ = text;
    this.input = input;
    this.address = address;
    const names = rows.map((each) => each.name);
    const before = [...this.layerPick.options].map((each) => each.value);
    if (before.join() !== names.join()) this.layerPick.replaceChildren(...names.map((each) => make("option", { value: each }, each)));
    this.layer = rows.find((each) => each.name === layer) ?? rows[0];
    this.layerPick.value = this.layer.name;
    this.#showImage();
    this.#showMap();
    return this.#see();
  }

  get sides() {
    const { output } = this.layer;
    return output.length === 3 ? [output[1], output[2]] : [1, 1];
  }

  #showMap() {
    const [rows, columns] = this.sides;
    const { sunk } = colours();
    const values = new Uint8Array(rows * columns * 3).map((_, at) => sunk[at % 3]);
    this.map.show({ values, rows, columns, channels: 3 });
    this.mapName.textContent = said.size(rows, columns);
    const clip = (x, size) => (x < 0 || x >= size ? Math.floor((size - 1) / 2) : x);
    this.row = clip(this.row, rows);
    this.column = clip(this.column, columns);
    this.rowField.max = rows - 1;
    this.columnField.max = columns - 1;
  }

  async #showImage() {
    const [channels, rows, columns] = this.input;
    const key = `${this.address} ${channels} ${rows} ${columns}`;
    if (key === this.#shape) return;
    this.#shape = key;
    try {
      const found = await wire.ask({ kind: "fitted", image: this.address, channels, rows, columns });
      if (found) this.image.show({ values: found.arrays.pixels.values, rows, columns, channels });
    } catch {
      // no image has so many channels: a bare field stands for it
      this.image.show({ values: new Uint8Array(rows * columns).fill(128), rows, columns, channels: 1 });
    }
  }

  #pick(row, column) {
    this.kept = !(this.kept && row === this.row && column === this.column);
    this.#go(row, column);
  }

  #go(row, column) {
    this.row = row;
    this.column = column;
    this.#see();
    this.moved({ row, column });
  }

  async #see() {
    const { name, formulas } = this.layer;
    let found;
    try {
      found = await wire.ask({ kind: "seen", text: this.text_, layer: name, row: Math.max(0, this.row), column: Math.max(0, this.column) });
    } catch { return; } // the text has an error by now, which the editor says
    if (!found || name !== this.layer.name) return;
    const [rows, columns] = this.input.slice(1);
    const [top, left, bottom, right] = found.box;
    const whole = top <= 0 && left <= 0 && bottom >= rows && right >= columns;
    this.row = found.row;
    this.column = found.column;
    this.rowField.value = found.row;
    this.columnField.value = found.column;
    this.map.mark({ focus: [found.row, found.column] });
    this.image.mark({ box: whole ? [0, 0, rows, columns] : found.box });
    const outside = top < 0 || left < 0 || bottom > rows || right > columns;
    this.text.textContent = [said.sees(name, found.row, found.column, bottom - top, right - left), whole ? said.all : said.from(top, bottom - 1, left, right - 1),
      outside && !whole ? said.padding : "", formulas.receptive_field ? sum(formulas.receptive_field) : ""].filter(Boolean).join("; ").replaceAll(" -", " −");
  }

  repaint() {
    if (!this.layer) return;
    this.#showMap();
    this.map.mark({ focus: [this.row, this.column] });
    this.image.repaint();
  }
}
