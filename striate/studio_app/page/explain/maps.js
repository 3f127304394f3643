// Heat maps side by side: the image in grey, orange where it speaks for the class, blue where against.

import { make } from "../dom.js";
import { colours, fit, tidy } from "../numbers.js";
import { words } from "../words.js";

const said = words.explain;
const OPAQUE = 0.75; // where a map is at its reach: the thing under it can still be seen

function graysOf(values, rows, columns, channels) {
  const found = new Float32Array(rows * columns);
  for (let i = 0; i < found.length; i += 1) {
    found[i] = channels === 3 ? 0.299 * values[3 * i] + 0.587 * values[3 * i + 1] + 0.114 * values[3 * i + 2] : values[i];
  }
  return found;
}

// The image with what is painted on it, which comes alone, and in grey for the maps.
export function makePicture({ values: before, shape }, [top, left, bottom, right], painted) {
  const [rows, columns, channels] = shape;
  const values = before.slice();
  const wide = (right - left) * channels;
  for (let row = top; row < bottom; row += 1) values.set(painted.subarray((row - top) * wide, (row - top + 1) * wide), (row * columns + left) * channels);
  return { values, shape, grays: graysOf(values, rows, columns, channels) };
}

// Of each pixel the cells that it shows, from the first to behind the last.
function spans({ values, shape: [pixels, cells] }) {
  const [from, to] = [new Int32Array(pixels).fill(cells), new Int32Array(pixels)];
  for (let pixel = 0; pixel < pixels; pixel += 1) {
    for (let cell = 0; cell < cells; cell += 1) {
      if (values[pixel * cells + cell] === 0) continue;
      from[pixel] = Math.min(from[pixel], cell);
      to[pixel] = cell + 1;
    }
  }
  return [from, to];
}

// What lays a map of cells on the pixels: down x cells x across, where Python says how much each
// pixel shows of each cell.
export function makeLaying(down, across) {
  const [[height, rows], [width, columns]] = [down.shape, across.shape];
  const [[top, bottom], [left, right]] = [spans(down), spans(across)];
  return (cells) => {
    const [found, line] = [new Float32Array(height * width), new Float32Array(columns)];
    for (let row = 0; row < height; row += 1) {
      line.fill(0);
      for (let cell = top[row]; cell < bottom[row]; cell += 1) {
        const share = down.values[row * rows + cell];
        for (let k = 0; k < columns; k += 1) line[k] += share * cells[cell * columns + k];
      }
      for (let column = 0; column < width; column += 1) {
        let sum = 0;
        for (let k = left[column]; k < right[column]; k += 1) sum += across.values[column * columns + k] * line[k];
        found[row * width + column] = sum;
      }
    }
    return found;
  };
}

export class MapCard {
  // trust(method), curves(method): the tests that a button asks for.
  constructor(method, { trust, choose }) {
    this.method = method;
    this.canvas = make("canvas", { role: "img", "aria-label": `${said.methods[method] ?? method}: ${said.working}` });
    this.range = make("p", { class: "range" });
    this.from = make("p", { class: "soft from" });
    this.test = make("button", { onclick: () => trust(method) }, said.trust.button);
    this.verdict = make("p", { class: "verdict" });
    this.pick = make("button", { class: "pick-map", "aria-pressed": "false", title: said.pick, onclick: () => choose(method) }, said.methods[method] ?? method);
    this.age = make("p", { class: "age", hidden: true });
    this.element = make("article", { class: "heat" }, make("h3", {}, this.pick), make("div", { class: "seen" }, this.canvas, this.age), this.range, this.from, make("div", { class: "trust" }, this.verdict, this.test));
    this.element.dataset.method = method;
  }

  chosen(on) { this.pick.setAttribute("aria-pressed", String(on)); }

  // Whether the image has changed since.
  old(on) {
    this.element.classList.toggle("old", on);
    this.age.hidden = !on;
    this.age.textContent = this.last ? said.older : said.working;
  }

  get failed() { return this.element.classList.contains("failed"); }

  // Why there is no map.
  fail(message) {
    this.element.classList.add("failed");
    this.old(false);
    this.tell(message, { good: false });
    this.test.hidden = true;
  }

  show(found, values, picture) {
    this.element.classList.remove("failed");
    this.last = [found, values, picture];
    const { shape: [rows, columns], grays } = picture;
    const { above, below } = colours();
    fit(this.canvas, columns, rows);
    const pen = this.canvas.getContext("2d");
    const image = pen.createImageData(columns, rows);
    const { data } = image;
    for (let i = 0, at = 0; i < values.length; i += 1, at += 4) {
      const share = Math.min(1, Math.abs(values[i]) / found.reach) * OPAQUE;
      const end = values[i] > 0 ? above : below;
      const gray = 40 + grays[i] * 0.8;
      data[at] = gray + (end[0] - gray) * share;
      data[at + 1] = gray + (end[1] - gray) * share;
      data[at + 2] = gray + (end[2] - gray) * share;
      data[at + 3] = 255;
    }
    pen.putImageData(image, 0, 0);
    this.canvas.style.imageRendering = rows < 64 ? "pixelated" : "auto";
    this.canvas.setAttribute("aria-label", said.mapLabel(said.methods[this.method] ?? this.method, found.target, tidy(found.low), tidy(found.high)));
    this.range.replaceChildren(make("span", { class: "low" }, tidy(found.low)), make("span", { class: "scale", "--zero": String(found.low < 0 ? (found.high > 0 ? -found.low / (found.high - found.low) : 1) : 0) }), make("span", { class: "high" }, tidy(found.high)));
    const facts = Object.entries(found.facts).filter(([name]) => !["mean"].includes(name)).map(([name, value]) => `${name} ${tidy(value)}`);
    this.from.textContent = [found.layer ? said.fromLayer(found.layer, found.cells.join(" × ")) : "", ...facts].filter(Boolean).join("; ");
    this.from.title = found.rule;
  }

  repaint() { if (this.last) this.show(...this.last); }

  tell(text, { good = null } = {}) {
    this.verdict.textContent = text;
    this.verdict.className = good === null ? "verdict" : good ? "verdict good" : "verdict bad";
  }
}
