// A map as a grid of cells that answers to the pointer.

import { brief, colours, css, mapCanvas, pixelCanvas, readable } from "./numbers.js";
import { make } from "./dom.js";

const NUMBERS_FROM = 29; // pixels of a cell in which its number is written
const LINES_FROM = 9;
const ZOOMED = 11; // cells a side where the grid is zoomed

export class Grid {
  #shown = null;
  #marks = { cells: [], focus: null, box: null };
  #zoom = false;
  #raf = 0;
  #tall = 1.25; // how much higher than wide it may be

  constructor({ label, onpoint = null, onpick = null }) {
    this.canvas = make("canvas", { role: "img", "aria-label": label });
    this.element = make("div", { class: "grid" }, this.canvas);
    if (onpoint) {
      let last = "";
      this.canvas.addEventListener("pointermove", (event) => {
        const cell = this.#under(event);
        const now = cell ? cell.join() : "";
        if (now === last) return;
        last = now;
        if (cell) onpoint(...cell);
      });
      this.canvas.addEventListener("pointerleave", () => { last = ""; });
      this.canvas.addEventListener("click", (event) => {
        const cell = this.#under(event);
        if (cell) onpick?.(...cell);
      });
    }
    new ResizeObserver(() => this.draw()).observe(this.element);
  }

  label(text) { this.canvas.setAttribute("aria-label", text); }

  set zoomed(on) { this.#zoom = on; this.draw(); }

  // values: numbers (rows x columns), or pixels where channels are given; gray: the number that is
  // white, where numbers are the pixels of a picture.
  show({ values, rows, columns, reach = 1, channels = 0, margin = [0, 0, 0, 0], count = rows * columns, gray = 0 }) {
    const picture = channels ? pixelCanvas(values, rows, columns, channels)
      : gray ? pixelCanvas(Uint8ClampedArray.from(values, (x) => (255 * x) / gray), rows, columns, 1) : mapCanvas(values, rows, columns, reach);
    this.#shown = { values, rows, columns, reach, channels, margin, count, picture, gray };
    this.draw();
  }

  get shown() { return this.#shown; }

  mark({ cells = [], focus = null, box = null, weights = null } = {}) {
    this.#marks = { cells, focus, box, weights };
    this.draw();
  }

  repaint() {
    if (this.#shown) this.show(this.#shown);
  }

  draw() {
    if (this.#raf) return;
    this.#raf = requestAnimationFrame(() => { this.#raf = 0; this.#paint(); });
  }

  // What of the map is seen: first row and column, rows, columns, pixels a cell.
  #view() {
    const { rows, columns, margin } = this.#shown;
    let [top, left, high, wide] = [-margin[0], -margin[1], rows + margin[0] + margin[2], columns + margin[1] + margin[3]];
    const about = this.#marks.focus ?? this.#marks.cells[Math.floor(this.#marks.cells.length / 2)];
    if (this.#zoom && about && (high > ZOOMED || wide > ZOOMED)) {
      const [high0, wide0] = [high, wide];
      [high, wide] = [Math.min(high, ZOOMED), Math.min(wide, ZOOMED)];
      top = Math.min(Math.max(about[0] - Math.floor(high / 2), top), top + high0 - high);
      left = Math.min(Math.max(about[1] - Math.floor(wide / 2), left), left + wide0 - wide);
    }
    const width = this.element.clientWidth || 300;
    const cell = Math.min(width / wide, (width * this.#tall) / high);
    return { top, left, high, wide, cell };
  }

  #under(event) {
    if (!this.#shown) return null;
    const { top, left, cell } = this.#view();
    const from = this.canvas.getBoundingClientRect();
    const scale = from.width ? this.canvas.clientWidth / from.width : 1;
    const row = Math.floor(((event.clientY - from.top) * scale) / cell) + top;
    const column = Math.floor(((event.clientX - from.left) * scale) / cell) + left;
    const { rows, columns, count } = this.#shown;
    if (row < 0 || column < 0 || row >= rows || column >= columns || row * columns + column >= count) return null;
    return [row, column];
  }

  #paint() {
    if (!this.#shown) return;
    const { rows, columns, values, channels, picture, reach, count, gray } = this.#shown;
    const { top, left, high, wide, cell } = this.#view();
    const dense = window.devicePixelRatio || 1;
    const canvas = this.canvas;
    const [width, height] = [Math.round(wide * cell), Math.max(1, Math.round(high * cell))];
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    canvas.width = Math.round(width * dense);
    canvas.height = Math.round(height * dense);
    const pen = canvas.getContext("2d");
    pen.scale(dense, dense);
    const { sunk, line, soft } = colours();
    pen.fillStyle = css(sunk);
    pen.fillRect(0, 0, width, height);
    this.#hatch(pen, width, height, css(line));
    pen.imageSmoothingEnabled = cell * dense < 1;
    pen.drawImage(picture, -left * cell, -top * cell, columns * cell, rows * cell);
    if (cell >= LINES_FROM) {
      pen.strokeStyle = css(line);
      pen.lineWidth = 0.5;
      pen.beginPath();
      for (let r = 0; r <= high; r += 1) { pen.moveTo(0, r * cell); pen.lineTo(width, r * cell); }
      for (let c = 0; c <= wide; c += 1) { pen.moveTo(c * cell, 0); pen.lineTo(c * cell, height); }
      pen.stroke();
    }
    if (cell >= NUMBERS_FROM && !channels) {
      pen.font = `${Math.min(13, cell * 0.29)}px system-ui, sans-serif`;
      pen.textAlign = "center";
      pen.textBaseline = "middle";
      for (let r = 0; r < high; r += 1) {
        for (let c = 0; c < wide; c += 1) {
          const [row, column] = [r + top, c + left];
          const inside = row >= 0 && column >= 0 && row < rows && column < columns;
          const at = row * columns + column;
          if (inside && at >= count) continue;
          const x = inside ? values[at] : 0;
          pen.fillStyle = !inside ? css(soft) : gray ? (x > 0.45 * gray ? "black" : "white") : css(readable(x, reach));
          pen.fillText(brief(x), (c + 0.5) * cell, (r + 0.5) * cell, 0.92 * cell); // narrower where it is long
        }
      }
    }
    this.#drawMarks(pen, top, left, cell);
  }

  #hatch(pen, width, height, colour) {
    if (!this.#shown.margin.some(Boolean)) return;
    pen.strokeStyle = colour;
    pen.lineWidth = 1;
    pen.beginPath();
    for (let x = -height; x < width; x += 7) { pen.moveTo(x, height); pen.lineTo(x + height, 0); }
    pen.stroke();
  }

  #drawMarks(pen, top, left, cell) {
    const { mark, paper } = colours();
    const { cells, focus, box } = this.#marks;
    const frame = (row, column, high, wide, thick) => {
      const [x, y, w, h] = [(column - left) * cell, (row - top) * cell, wide * cell, high * cell];
      pen.strokeStyle = css(paper);
      pen.lineWidth = thick + 2;
      pen.strokeRect(x, y, w, h);
      pen.strokeStyle = css(mark);
      pen.lineWidth = thick;
      pen.strokeRect(x, y, w, h);
    };
    if (cells.length && cells.length <= 1024) {
      if (cells.length > 1) {
        const ends = (pick, axis) => pick(...cells.map((each) => each[axis]));
        const lows = [ends(Math.min, 0), ends(Math.min, 1)];
        const highs = [ends(Math.max, 0), ends(Math.max, 1)];
        const solid = cells.length === (highs[0] - lows[0] + 1) * (highs[1] - lows[1] + 1);
        if (!solid && cell > 3) for (const [r, c] of cells) frame(r, c, 1, 1, 1.25);
        frame(lows[0], lows[1], highs[0] - lows[0] + 1, highs[1] - lows[1] + 1, 2);
      } else frame(...cells[0], 1, 1, 2);
    }
    if (box) frame(box[0], box[1], box[2] - box[0], box[3] - box[1], 2);
    if (focus) frame(...focus, 1, 1, Math.max(2, Math.min(3, cell / 8)));
  }
}
