// The levels of a network as the page holds them: their numbers, and a small picture of each map.

import { paint } from "../numbers.js";
import { words } from "../words.js";

export class Levels {
  list = [];
  #byName = new Map();

  // Take an answer; what is already there is painted over.
  take({ levels, arrays, classes }) {
    const same = levels.length === this.list.length && levels.every((each, at) => each.name === this.list[at].name && each.shown === this.list[at].shown);
    if (!same) {
      this.list = levels.map((each, at) => new Level(each, at, classes));
      this.#byName = new Map(this.list.map((each) => [each.name, each]));
    }
    this.list.forEach((each, at) => each.fill(arrays[String(at)], levels[at].reach));
    return !same;
  }

  repaint() {
    for (const each of this.list) each.paint();
  }

  get(name) { return this.#byName.get(name); }
}

class Level {
  constructor({ name, first, text, shape, sources, shown }, at, classes) {
    Object.assign(this, { name, first, text, shape, sources, shown, at });
    this.isMaps = shape.length === 3;
    this.classes = !this.isMaps && shape[0] === classes.length ? classes : null;
    [this.high, this.wide] = [1, 1];
  }

  fill({ values, shape: [count, rows, columns] }, reach) {
    this.values = values;
    this.reach = reach;
    if (!this.maps || this.high !== rows || this.wide !== columns) {
      [this.high, this.wide] = [rows, columns];
      // features lie in one picture, maps have one each
      const each = this.isMaps ? [columns, rows] : [count, 1];
      this.maps = Array.from({ length: this.isMaps ? count : 1 }, () => {
        const canvas = document.createElement("canvas");
        [canvas.width, canvas.height] = each;
        const pen = canvas.getContext("2d");
        return { canvas, pen, image: pen.createImageData(...each) };
      });
    }
    this.paint();
  }

  paint() {
    const size = this.maps[0].canvas.width * this.maps[0].canvas.height;
    this.maps.forEach(({ pen, image }, at) => {
      paint(this.values.subarray(at * size, (at + 1) * size), this.reach, image);
      pen.putImageData(image, 0, 0);
    });
  }

  value({ unit, row, column }) {
    return this.values[(unit * this.high + row) * this.wide + column];
  }

  get title() { return this.name === "input" ? words.input : this.first; }

  // A shown place as a place of the network's: larger maps are shown smaller.
  real({ unit, row, column }) {
    if (!this.isMaps) return { unit, row: -1, column: -1 };
    const [, rows, columns] = this.shape;
    return { unit, row: Math.floor(((row + 0.5) * rows) / this.high), column: Math.floor(((column + 0.5) * columns) / this.wide) };
  }

  // The other way, features of maps laid flat among them; null where it is not shown.
  place(unit, row, column) {
    if (!this.isMaps) return unit < this.shown ? { unit, row: 0, column: 0 } : null;
    const [, rows, columns] = this.shape;
    let at = { unit, row, column };
    if (row < 0) at = { unit: Math.floor(unit / (rows * columns)), row: Math.floor(unit / columns) % rows, column: unit % columns };
    if (at.unit >= this.shown || at.row < 0 || at.column < 0 || at.row >= rows || at.column >= columns) return null;
    return { unit: at.unit, row: Math.floor((at.row * this.high) / rows), column: Math.floor((at.column * this.wide) / columns) };
  }
}

// What a node got, and from where: the terms of its sum as places of the levels before.
export function edgesOf(level, levels, found, most) {
  const step = found.steps[0];
  if (!step) return { edges: [], count: 0, isCut: false };
  const read = (name) => found.arrays[`0.${name}`].values;
  const [source, unit, row, column, product] = ["source", "unit", "row", "column", "product"].map(read);
  const order = [...product.keys()].sort((i, j) => Math.abs(product[j]) - Math.abs(product[i]));
  const edges = [];
  for (const i of order) {
    const from = levels.get(level.sources[source[i]]);
    const place = from?.place(unit[i], row[i], column[i]);
    if (place) edges.push({ level: from, ...place, product: product[i] });
    if (edges.length === most) break;
  }
  return { edges, count: product.length, isCut: edges.length === most && most < product.length };
}
