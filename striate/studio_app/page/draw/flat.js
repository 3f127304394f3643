// The levels one below the other: maps as pictures, features as bars.

import { make } from "../dom.js";
import { colours, css } from "../numbers.js";
import { words } from "../words.js";

const GAP = 6;
const BARS = 64; // pixels high
const SMALLEST = 56;
const LARGEST = 104;

export class Flat {
  #rows = [];
  #mark = null;
  #edges = [];

  // point(level, place or null), pick(level, place)
  constructor({ point, pick }) {
    this.point = point;
    this.pick = pick;
    this.element = make("ol", { class: "levels" });
    new ResizeObserver(() => this.draw()).observe(this.element);
  }

  show(levels, isNew) {
    if (isNew) {
      this.#rows = levels.list.map((level) => this.#row(level));
      this.element.replaceChildren(...this.#rows.map((each) => each.element));
    }
    this.draw();
  }

  mark(node, edges = []) {
    this.#mark = node;
    this.#edges = edges;
    this.draw();
  }

  #row(level) {
    const canvas = make("canvas", { role: "img", "aria-label": words.draw.levelLabel(level) });
    const row = { level, canvas, tiles: [], element: make("li", {}, make("div", { class: "name" }, make("b", {}, level.title), make("span", {}, words.draw.shape(level)), make("span", {}, words.draw.kinds(level.text))), canvas) };
    canvas.addEventListener("pointermove", (event) => this.point(level, this.#under(row, event)));
    canvas.addEventListener("pointerleave", () => this.point(level, null));
    canvas.addEventListener("click", (event) => {
      const place = this.#under(row, event);
      if (place) this.pick(level, place);
    });
    return row;
  }

  #under(row, event) {
    const from = row.canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - from.left, event.clientY - from.top];
    const tile = row.tiles.find(({ left, top, width, height }) => x >= left && y >= top && x < left + width && y < top + height);
    if (!tile) return null;
    const { level } = row;
    if (!level.isMaps) return { unit: Math.floor(((x - tile.left) / tile.width) * level.shown), row: 0, column: 0 };
    return { unit: tile.unit, row: Math.floor(((y - tile.top) / tile.height) * level.high), column: Math.floor(((x - tile.left) / tile.width) * level.wide) };
  }

  draw() {
    if (!this.element.isConnected || this.element.hidden) return;
    const dense = window.devicePixelRatio || 1;
    for (const row of this.#rows) this.#paint(row, dense);
  }

  #paint(row, dense) {
    const { level, canvas } = row;
    const width = canvas.clientWidth || 300;
    const side = Math.min(LARGEST, Math.max(SMALLEST, Math.floor(width / level.shown) - GAP));
    const high = Math.round((side * level.high) / level.wide);
    const across = level.isMaps ? Math.max(1, Math.floor((width + GAP) / (side + GAP))) : 1;
    const lines = Math.ceil(level.maps.length / across);
    const label = level.classes && level.shown <= 20 ? 16 : 0;
    const height = level.isMaps ? lines * (high + GAP) - GAP : BARS + label;
    canvas.style.height = `${height}px`;
    const [wide, tall] = [Math.round(width * dense), Math.round(height * dense)];
    if (canvas.width !== wide || canvas.height !== tall) [canvas.width, canvas.height] = [wide, tall];
    const pen = canvas.getContext("2d");
    pen.setTransform(dense, 0, 0, dense, 0, 0);
    pen.clearRect(0, 0, width, height);
    pen.imageSmoothingEnabled = false;
    if (!level.isMaps) {
      const barWidth = Math.min(width, level.shown * (label ? 44 : 16));
      row.tiles = [{ left: 0, top: 0, width: barWidth, height, unit: 0 }];
      this.#bars(pen, level, barWidth, label);
      return;
    }
    pen.strokeStyle = css(colours().line);
    row.tiles = level.maps.map((map, unit) => {
      const [left, top] = [(unit % across) * (side + GAP), Math.floor(unit / across) * (high + GAP)];
      pen.drawImage(map.canvas, left, top, side, high);
      pen.strokeRect(left + 0.5, top + 0.5, side - 1, high - 1);
      return { left, top, width: side, height: high, unit };
    });
    this.#marks(pen, row);
  }

  #bars(pen, level, width, label) {
    const { above, below, line, ink, mark } = colours();
    const step = width / level.shown;
    const low = Math.min(0, ...level.values);
    const top = Math.max(0, ...level.values);
    const unit = (BARS - 4) / (top - low || 1);
    const zero = 2 + top * unit;
    level.values.forEach((x, at) => {
      pen.fillStyle = css(x > 0 ? above : below);
      pen.fillRect(at * step + 0.5, x > 0 ? zero - x * unit : zero, Math.max(1, step - 1.5), Math.abs(x) * unit);
    });
    pen.fillStyle = css(line);
    pen.fillRect(0, zero, width, 1);
    if (label) {
      pen.fillStyle = css(ink);
      pen.font = "12px system-ui, sans-serif";
      pen.textAlign = "center";
      level.classes.forEach((name, at) => pen.fillText(name.slice(0, 6), (at + 0.5) * step, BARS + 12, step - 2));
    }
    const lit = [...(this.#mark?.level === level ? [this.#mark] : []), ...this.#edges.filter((each) => each.level === level).slice(0, 12)];
    pen.strokeStyle = css(mark);
    for (const { unit: at } of lit) pen.strokeRect(at * step + 0.5, 1, Math.max(2, step - 1), BARS - 2);
  }

  #marks(pen, { level, tiles }) {
    const { mark, paper, above, below } = colours();
    const frame = ({ unit, row, column }, colour, thick) => {
      const tile = tiles[unit];
      const [w, h] = [tile.width / level.wide, tile.height / level.high];
      pen.lineWidth = thick + 1.5;
      pen.strokeStyle = css(paper);
      pen.strokeRect(tile.left + column * w, tile.top + row * h, w, h);
      pen.lineWidth = thick;
      pen.strokeStyle = css(colour);
      pen.strokeRect(tile.left + column * w, tile.top + row * h, w, h);
    };
    for (const each of this.#edges) if (each.level === level) frame(each, each.product > 0 ? above : below, 1);
    if (this.#mark?.level === level) frame(this.#mark, mark, 2);
    pen.lineWidth = 1;
  }
}
