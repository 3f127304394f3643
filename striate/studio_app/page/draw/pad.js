// The pad: pointer, touch and pen draw; so do the arrow keys with a pen that is put down.

import { make, speak } from "../dom.js";
import { colours, css } from "../numbers.js";
import { words } from "../words.js";

const WIDTH = 0.075; // of a line, as a share of the pad
const NEAR = 0.006; // points nearer than that to the last are left out
const MOST = 1500; // points of a stroke
const STEP = 1 / 24; // of the pen by a key
const STROKES = 60;

export class Pad {
  strokes = []; // lists of [x, y], shares of the pad
  picture = null; // an image that was dragged here instead: { address, element }
  #drawing = null;
  #pen = { x: 0.5, y: 0.5, down: false, shown: false };

  constructor({ changed }) {
    this.changed = changed;
    this.canvas = make("canvas", { role: "application", tabIndex: 0, "aria-label": words.draw.padLabel });
    this.element = make("div", { class: "pad" }, this.canvas);
    this.#listen();
    new ResizeObserver(() => this.draw()).observe(this.canvas);
  }

  get isEmpty() { return !this.strokes.length && !this.picture; }

  clear() {
    this.take([]);
  }

  undo() {
    if (this.picture) { this.clear(); return; }
    this.strokes.pop();
    this.draw();
    this.changed();
  }

  take(strokes, picture = null) {
    this.strokes = strokes;
    this.picture = picture;
    this.#drawing = null;
    this.draw();
    this.changed();
  }

  // Draw strokes as a hand would, in about a second.
  async play(strokes) {
    this.take([]);
    const turn = (this.turn ?? 0) + 1;
    this.turn = turn;
    const count = strokes.reduce((sum, each) => sum + each.length, 0);
    const each = Math.max(1, Math.round(count / 40));
    for (const stroke of strokes) {
      const own = [];
      this.strokes.push(own);
      for (let at = 0; at < stroke.length; at += each) {
        own.push(...stroke.slice(at, at + each));
        this.draw();
        this.changed();
        await new Promise((done) => requestAnimationFrame(done));
        if (turn !== this.turn || !this.strokes.includes(own)) return;
      }
    }
  }

  #listen() {
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      event.preventDefault();
      this.byPointer = true;
      this.#pen.shown = false;
      canvas.focus({ preventScroll: true });
      this.byPointer = false;
      canvas.setPointerCapture(event.pointerId);
      this.turn = (this.turn ?? 0) + 1;
      if (this.picture) this.picture = null;
      this.#begin(this.#place(event));
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!this.#drawing) return;
      const events = event.getCoalescedEvents?.() ?? [];
      for (const each of events.length ? events : [event]) this.#go(this.#place(each));
    });
    for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => { this.#drawing = null; });
    canvas.addEventListener("keydown", (event) => {
      if (!this.#key(event)) return;
      event.preventDefault();
      event.stopPropagation();
    });
    canvas.addEventListener("focus", () => { this.#pen.shown = !this.#drawing && canvas.matches(":focus-visible") && !this.byPointer; this.draw(); });
    canvas.addEventListener("blur", () => { Object.assign(this.#pen, { shown: false, down: false }); this.#drawing = null; this.draw(); });
  }

  #place(event) {
    const from = this.canvas.getBoundingClientRect();
    return [(event.clientX - from.left) / from.width, (event.clientY - from.top) / from.height].map((x) => Math.min(Math.max(x, 0), 1));
  }

  #begin(point) {
    if (this.strokes.length >= STROKES) this.strokes.shift();
    this.#drawing = [point];
    this.strokes.push(this.#drawing);
    this.draw();
    this.changed();
  }

  #go(point) {
    const last = this.#drawing.at(-1);
    if (Math.hypot(point[0] - last[0], point[1] - last[1]) < NEAR) return;
    if (this.#drawing.length >= MOST) this.#begin(last);
    this.#drawing.push(point);
    this.draw();
    this.changed();
  }

  #key({ key, shiftKey, ctrlKey, metaKey }) {
    if (key === "Backspace" || ((ctrlKey || metaKey) && key === "z")) { this.undo(); return true; }
    if (ctrlKey || metaKey) return false;
    if (key === "Delete") { this.clear(); return true; }
    const pen = this.#pen;
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (key === " " || key === "Enter") {
      pen.down = !pen.down;
      pen.shown = true;
      if (pen.down) { this.picture = null; this.#begin([pen.x, pen.y]); } else this.#drawing = null;
      speak(pen.down ? words.draw.penDown : words.draw.penUp);
      this.draw();
      return true;
    }
    if (!steps[key]) return false;
    const by = shiftKey ? STEP / 3 : STEP;
    pen.x = Math.min(Math.max(pen.x + steps[key][0] * by, 0.02), 0.98);
    pen.y = Math.min(Math.max(pen.y + steps[key][1] * by, 0.02), 0.98);
    pen.shown = true;
    if (pen.down && this.#drawing) this.#go([pen.x, pen.y]);
    this.draw();
    return true;
  }

  draw() {
    const { canvas } = this;
    const side = canvas.clientWidth;
    if (!side) return;
    const dense = window.devicePixelRatio || 1;
    const whole = Math.round(side * dense);
    if (canvas.width !== whole) { canvas.width = whole; canvas.height = whole; }
    const pen = canvas.getContext("2d");
    const { ink, soft, above } = colours();
    pen.setTransform(dense * side, 0, 0, dense * side, 0, 0);
    pen.clearRect(0, 0, 1, 1);
    if (this.picture) {
      const { naturalWidth: wide, naturalHeight: high } = this.picture.element;
      const scale = Math.min(1 / wide, 1 / high);
      pen.imageSmoothingEnabled = Math.max(wide, high) > 64;
      pen.drawImage(this.picture.element, (1 - wide * scale) / 2, (1 - high * scale) / 2, wide * scale, high * scale);
      return;
    }
    if (this.isEmpty) this.#invite(pen, css(soft));
    pen.strokeStyle = css(ink);
    pen.fillStyle = css(ink);
    pen.lineWidth = WIDTH;
    pen.lineCap = "round";
    pen.lineJoin = "round";
    for (const stroke of this.strokes) {
      pen.beginPath();
      if (stroke.length === 1) { pen.arc(...stroke[0], WIDTH / 2, 0, 7); pen.fill(); continue; }
      for (const point of stroke) pen.lineTo(...point);
      pen.stroke();
    }
    if (this.#pen.shown) {
      pen.lineWidth = 0.008;
      pen.strokeStyle = css(above);
      pen.beginPath();
      pen.arc(this.#pen.x, this.#pen.y, this.#pen.down ? 0.02 : 0.032, 0, 7);
      pen.stroke();
    }
  }

  #invite(pen, colour) {
    pen.fillStyle = colour;
    pen.textAlign = "center";
    pen.font = "0.075px system-ui, sans-serif";
    pen.fillText(words.draw.invite, 0.5, 0.52);
  }
}
