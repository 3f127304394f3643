// Heat maps side by side: the image in grey, orange where it speaks for the class, blue where against.

import { make } from "../dom.js";
import { colours, tidy } from "../numbers.js";
import { words } from "../words.js";

const said = words.explain;
const OPAQUE = 0.75; // where a map is at its reach: the thing under it can still be seen

function grays(values, rows, columns, channels) {
  const found = new Float32Array(rows * columns);
  for (let i = 0; i < found.length; i += 1) {
    found[i] = channels === 3 ? 0.299 * values[3 * i] + 0.587 * values[3 * i + 1] + 0.114 * values[3 * i + 2] : values[i];
  }
  return found;
}

// The size that all but 0.5 % of the pixels stay below: single ones are far above the rest.
const nearly = (values) => values.map(Math.abs).sort()[Math.floor(values.length * 0.995)];

export class MapCard {
  // trust(method), curves(method): the tests that a button asks for.
  constructor(method, { trust, choose }) {
    this.method = method;
    this.canvas = make("canvas", { role: "img", "aria-label": `${said.methods[method] ?? method}: ${said.working}` });
    this.range = make("p", { class: "range" });
    this.from = make("p", { class: "soft" });
    this.test = make("button", { onclick: () => trust(method) }, said.trust.button);
    this.verdict = make("p", { class: "verdict" });
    this.pick = make("button", { class: "pick-map", "aria-pressed": "false", title: said.pick, onclick: () => choose(method) }, said.methods[method] ?? method);
    this.element = make("article", { class: "heat" }, make("h3", {}, this.pick), this.canvas, this.range, this.from, make("div", { class: "trust" }, this.verdict, this.test));
    this.element.dataset.method = method;
  }

  chosen(on) { this.pick.setAttribute("aria-pressed", String(on)); }

  waiting(on) { this.element.classList.toggle("old", on); }

  show(found, map, pixels) {
    this.last = [found, map, pixels];
    const { values, shape: [rows, columns] } = map;
    const picture = grays(pixels.values, rows, columns, pixels.shape[2]);
    const reach = (found.layer ? Math.max(Math.abs(found.low), Math.abs(found.high)) : nearly(values)) || 1;
    const { above, below } = colours();
    this.canvas.width = columns;
    this.canvas.height = rows;
    const pen = this.canvas.getContext("2d");
    const image = pen.createImageData(columns, rows);
    const { data } = image;
    for (let i = 0, at = 0; i < values.length; i += 1, at += 4) {
      const share = Math.min(1, Math.abs(values[i]) / reach) * OPAQUE;
      const end = values[i] > 0 ? above : below;
      const gray = 40 + picture[i] * 0.8;
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
