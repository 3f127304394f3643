// The image as the network gets it, and a brush that covers and repaints parts of it.

import { make, speak } from "../dom.js";
import { colours, css, fit, pixelCanvas } from "../numbers.js";
import { words } from "../words.js";

const said = words.explain.brush;
const PAINTS = ["gray", "blur", "color", "copy"];
const CLOSE = 0.25; // of the radius, that a point must be away from the last

export class Brush {
  strokes = [];
  #paint = "gray";
  #radius = 0;
  #source = null; // [row, column] that is copied from
  #choosing = false; // the next press says where to copy from
  #stroke = null;
  #at = null; // where the brush is, [row, column]
  #picture = null;
  #raf = 0;

  // changed(): strokes are other ones.
  constructor({ changed }) {
    this.changed = changed;
    this.canvas = make("canvas", { tabIndex: 0, role: "application", "aria-label": said.label, "aria-describedby": "brush-keys" });
    this.canvas.addEventListener("pointerdown", (event) => this.#down(event));
    this.canvas.addEventListener("pointermove", (event) => this.#move(event));
    for (const name of ["pointerup", "pointercancel"]) this.canvas.addEventListener(name, () => this.#up());
    this.canvas.addEventListener("pointerleave", () => { if (!this.#stroke) { this.#at = null; this.draw(); } });
    this.buttons = Object.fromEntries(PAINTS.map((paint) => [paint, make("button", { "aria-pressed": "false", title: said.does[paint], onclick: () => this.choose(paint) }, said.paints[paint])]));
    this.color = make("input", { type: "color", value: "#d55e00", "aria-label": said.color, oninput: () => this.choose("color") });
    this.size = make("input", { type: "range", min: 1, max: 60, value: 12, "aria-label": said.size, oninput: () => { this.#radius = Number(this.size.value); this.draw(); } });
    this.undoButton = make("button", { disabled: true, onclick: () => this.undo() }, said.undo);
    this.clearButton = make("button", { disabled: true, onclick: () => this.set([]) }, said.clear);
    this.hint = make("p", { class: "soft" }, said.hint);
    this.element = make("div", { class: "brush" }, this.canvas,
      make("div", { class: "controls", role: "group", "aria-label": said.tools }, this.buttons.gray, this.buttons.blur, this.buttons.color, this.color, this.buttons.copy),
      make("div", { class: "controls" }, make("label", {}, said.size, this.size), this.undoButton, this.clearButton), this.hint,
      make("p", { class: "unseen", id: "brush-keys" }, said.keysSaid));
    new ResizeObserver(() => this.draw()).observe(this.canvas);
    this.choose("gray");
  }

  choose(paint) {
    this.#paint = paint;
    this.#choosing = paint === "copy";
    for (const [name, button] of Object.entries(this.buttons)) button.setAttribute("aria-pressed", String(name === paint));
    this.hint.textContent = this.#choosing ? said.chooseSource : said.does[paint];
  }

  show({ values, shape: [rows, columns, channels] }) {
    const other = this.rows !== rows || this.columns !== columns;
    [this.rows, this.columns] = [rows, columns];
    if (other) {
      const most = Math.max(1, Math.min(rows, columns) / 3);
      Object.assign(this.size, { min: Math.max(0.5, most / 30), max: most, step: most / 60 });
      this.size.value = Math.max(0.7, Math.min(rows, columns) / 14);
      this.#radius = Number(this.size.value);
      this.#source = null;
      this.canvas.style.aspectRatio = `${columns} / ${rows}`;
    }
    this.#picture = pixelCanvas(values, rows, columns, channels);
    if (this.#stroke === null) this.#pending = null;
    this.draw();
  }

  #pending = null; // the stroke that the picture does not show yet

  set(strokes) {
    this.strokes = strokes;
    this.#told();
    this.changed();
  }

  // Strokes of an address, which nobody is told of.
  load(strokes) {
    this.strokes = strokes;
    this.#told();
  }

  #told() {
    this.undoButton.disabled = this.strokes.length === 0;
    this.clearButton.disabled = this.strokes.length === 0;
  }

  undo() {
    if (!this.strokes.length) return;
    this.set(this.strokes.slice(0, -1));
    speak(said.undone(this.strokes.length));
  }

  #place(event) {
    const box = this.canvas.getBoundingClientRect();
    return [((event.clientY - box.top) / box.height) * this.rows, ((event.clientX - box.left) / box.width) * this.columns];
  }

  #down(event) {
    if (event.button > 0 || !this.#picture) return;
    event.preventDefault();
    this.canvas.focus({ preventScroll: true });
    this.canvas.setPointerCapture(event.pointerId);
    this.#at = this.#place(event);
    if (this.#choosing) { this.#takeSource(this.#at); return; }
    this.#begin(this.#at);
  }

  #takeSource(place) {
    this.#source = place;
    this.#choosing = false;
    this.hint.textContent = said.paintNow;
    speak(said.paintNow);
    this.draw();
  }

  #begin(place) {
    const stroke = { paint: this.#paint, radius: this.#radius, points: [place] };
    if (this.#paint === "color") stroke.color = [1, 3, 5].map((at) => Number.parseInt(this.color.value.slice(at, at + 2), 16));
    if (this.#paint === "copy") {
      if (!this.#source) this.#source = place;
      stroke.offset = this.#source.map((x, axis) => Math.round(x - place[axis]));
    }
    this.#stroke = stroke;
    this.#pending = stroke;
    this.strokes = [...this.strokes, stroke];
    this.#told();
    this.changed();
    this.draw();
  }

  #move(event) {
    if (!this.#picture) return;
    this.#at = this.#place(event);
    const { points } = this.#stroke ?? {};
    if (points && points.length < 1000) {
      const last = points.at(-1);
      if (Math.hypot(this.#at[0] - last[0], this.#at[1] - last[1]) >= Math.max(0.2, CLOSE * this.#radius)) {
        points.push(this.#at);
        this.changed();
      }
    }
    this.draw();
  }

  #up() {
    if (!this.#stroke) return;
    this.#stroke = null;
  }

  // A key on the canvas; true where it was one of the brush's.
  keydown(event) {
    if (document.activeElement !== this.canvas || !this.#picture) return false;
    const step = (event.shiftKey ? 4 : 1) * Math.max(1, Math.round(Math.min(this.rows, this.columns) / 56));
    const arrow = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    const clip = (x, most) => Math.min(Math.max(x, 0), most);
    this.#at ??= [this.rows / 2, this.columns / 2];
    if (arrow) {
      this.#at = [clip(this.#at[0] + arrow[0] * step, this.rows), clip(this.#at[1] + arrow[1] * step, this.columns)];
      speak(said.at(...this.#at.map(Math.round)));
    } else if (event.key === " " || event.key === "Enter") {
      if (this.#choosing) this.#takeSource(this.#at);
      else { this.#begin(this.#at); this.#up(); }
    } else if (event.key === "[" || event.key === "]") {
      this.size.value = this.#radius * (event.key === "]" ? 1.25 : 0.8);
      this.#radius = Number(this.size.value);
    } else return false;
    this.draw();
    return true;
  }

  draw() {
    if (this.#raf) return;
    this.#raf = requestAnimationFrame(() => { this.#raf = 0; this.#draw(); });
  }

  #draw() {
    if (!this.#picture) return;
    const dense = window.devicePixelRatio || 1;
    const wide = Math.max(1, this.canvas.clientWidth);
    const cell = wide / this.columns;
    fit(this.canvas, Math.round(wide * dense), Math.round(cell * this.rows * dense));
    const pen = this.canvas.getContext("2d");
    pen.setTransform(dense, 0, 0, dense, 0, 0);
    pen.imageSmoothingEnabled = cell < 1;
    pen.drawImage(this.#picture, 0, 0, wide, cell * this.rows);
    const { mark, paper } = colours();
    if (this.#pending && this.#stroke) this.#trace(pen, cell, css(mark));
    if (this.#paint === "copy" && this.#source) this.#ring(pen, this.#source, cell, css(paper), css(mark), true);
    if (this.#at) this.#ring(pen, this.#at, cell, css(paper), css(mark), false);
  }

  // The stroke under way, until what it makes of the image comes back.
  #trace(pen, cell, colour) {
    pen.globalAlpha = 0.35;
    pen.strokeStyle = colour;
    pen.lineWidth = 2 * this.#radius * cell;
    pen.lineCap = "round";
    pen.lineJoin = "round";
    pen.beginPath();
    this.#stroke.points.forEach(([row, column], i) => pen[i ? "lineTo" : "moveTo"](column * cell, row * cell));
    if (this.#stroke.points.length === 1) pen.lineTo(this.#stroke.points[0][1] * cell + 0.01, this.#stroke.points[0][0] * cell);
    pen.stroke();
    pen.globalAlpha = 1;
  }

  #ring(pen, [row, column], cell, outer, inner, dashed) {
    pen.setLineDash(dashed ? [5, 4] : []);
    for (const [colour, width] of [[outer, 3.5], [inner, 1.5]]) {
      pen.strokeStyle = colour;
      pen.lineWidth = width;
      pen.beginPath();
      pen.arc(column * cell, row * cell, Math.max(2, this.#radius * cell), 0, 2 * Math.PI);
      pen.stroke();
    }
    pen.setLineDash([]);
  }
}
