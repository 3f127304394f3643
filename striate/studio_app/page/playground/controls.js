// Sliders, choices and tables of numbers that can be changed.

import { make } from "../dom.js";
import { words } from "../words.js";

let count = 0;
const said = words.playground;

// A slider with its number beside it.
export function slider(label, { min, max, step = 1, value, oninput }) {
  count += 1;
  const id = `slider-${count}`;
  const shown = make("output", { for: id }, String(value));
  const input = make("input", { type: "range", id, min, max, step, oninput: () => { shown.textContent = input.value; oninput(Number(input.value)); } });
  input.value = value;
  const element = make("div", { class: "slider" }, make("label", { for: id }, label), input, shown);
  return { element, set: (now) => { if (Number(input.value) !== now) input.value = now; shown.textContent = String(now); } };
}

// One slider for rows and columns alike, or one for each.
export function pairOfSliders(label, { min, max, value, apart, oninput }) {
  let now = [...value];
  const change = (axis) => (x) => {
    now = axis < 0 ? [x, x] : now.map((own, at) => (at === axis ? x : own));
    oninput(now);
  };
  const parts = apart
    ? [slider(said.down(label), { min, max, value: now[0], oninput: change(0) }), slider(said.across(label), { min, max, value: now[1], oninput: change(1) })]
    : [slider(label, { min, max, value: now[0], oninput: change(-1) })];
  return parts.map((each) => each.element);
}

export function choice(label, options, value, onchange) {
  const select = make("select", { "aria-label": label, onchange: () => onchange(select.value) },
    ...options.map(([name, text]) => make("option", { value: name }, text)));
  select.value = value;
  return make("label", { class: "choice" }, make("span", {}, label), select);
}

export function field(label, value, onchange) {
  const input = make("input", { type: "text", inputMode: "decimal", value: String(value), "aria-label": label, oninput: () => {
    const read = readNumber(input.value);
    input.setAttribute("aria-invalid", String(read === null));
    if (read !== null) onchange(read);
  } });
  return make("label", { class: "choice" }, make("span", {}, label), input);
}

// A number as people type it: a real minus sign, a comma, a fraction.
export function readNumber(text) {
  const even = text.trim().replace("\u2212", "-").replace(",", ".");
  const [above, below, ...more] = even.split("/");
  if (more.length || above.trim() === "" || below?.trim() === "") return null;
  const value = Number(above) / (below === undefined ? 1 : Number(below));
  return Number.isFinite(value) ? value : null;
}

// A table of numbers that can be typed into; arrows go from cell to cell. Around them stands the
// padding, where there is some, and a window can be marked.
export class NumberTable {
  #rows = [];
  #inputs = [];
  #margin = [0, 0, 0, 0]; // top, left, bottom, right

  constructor({ label, onchange }) {
    this.onchange = onchange;
    this.body = make("tbody");
    this.element = make("table", { class: "typed", "aria-label": label }, this.body);
    this.element.addEventListener("keydown", (event) => this.#move(event));
  }

  get rows() { return this.#rows; }

  // edge: the border is repeated in the padding, where else there are zeros.
  set(rows, { margin = [0, 0, 0, 0], edge = false } = {}) {
    const same = rows.length === this.#rows.length && rows[0].length === this.#rows[0]?.length && margin.join() === this.#margin.join();
    this.#rows = rows.map((row) => [...row]);
    this.#margin = [...margin];
    if (!same) this.#build();
    else this.#inputs.forEach((line, r) => line.forEach((input, c) => {
      if (document.activeElement !== input) { input.value = text(rows[r][c]); input.removeAttribute("aria-invalid"); }
    }));
    this.#tint(edge);
  }

  // Which numbers lie under a window, and which of them is looked at: [row, column] each.
  mark({ cells = [], focus = null }) {
    const [top, left] = this.#margin;
    for (const cell of this.body.querySelectorAll(".under, .focus")) cell.classList.remove("under", "focus");
    const at = ([row, column]) => this.body.rows[row + top]?.cells[column + left];
    for (const each of cells) at(each)?.classList.add("under");
    if (focus) at(focus)?.classList.add("focus");
  }

  #build() {
    const [top, left, bottom, right] = this.#margin;
    const [high, wide] = [this.#rows.length, this.#rows[0].length];
    this.#inputs = this.#rows.map((row, r) => row.map((value, c) => this.#input(value, r, c)));
    const line = (r) => make("tr", {}, ...Array.from({ length: left + wide + right }, (_, c) => {
      const input = this.#inputs[r - top]?.[c - left];
      return make("td", { class: input ? "" : "pad" }, input ?? "");
    }));
    this.body.replaceChildren(...Array.from({ length: top + high + bottom }, (_, r) => line(r)));
    this.element.style.setProperty("--wide", String(left + wide + right));
  }

  #input(value, r, c) {
    return make("input", {
      type: "text", inputMode: "decimal", value: text(value), "aria-label": said.place(r, c),
      oninput: ({ target }) => {
        const read = readNumber(target.value);
        target.setAttribute("aria-invalid", String(read === null));
        if (read === null) return;
        this.#rows[r][c] = read;
        this.onchange(this.#rows);
      },
      onfocus: ({ target }) => target.select(),
    });
  }

  // The larger a number, the stronger its ground.
  #tint(edge) {
    const [top, left] = this.#margin;
    const most = Math.max(...this.#rows.flat().map(Math.abs)) || 1;
    const clip = (x, size) => Math.min(Math.max(x, 0), size - 1);
    [...this.body.rows].forEach((line, r) => [...line.cells].forEach((cell, c) => {
      const inside = cell.firstElementChild !== null;
      const x = inside || edge ? this.#rows[clip(r - top, this.#rows.length)][clip(c - left, this.#rows[0].length)] : 0;
      cell.classList.toggle("up", inside && x > 0);
      cell.classList.toggle("down", inside && x < 0);
      cell.style.setProperty("--p", String(Math.min(1, Math.abs(x) / most)));
      if (!inside) cell.textContent = text(x);
    }));
  }

  #move(event) {
    const at = this.#inputs.flat().indexOf(event.target);
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], Enter: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (at < 0 || !step) return;
    const { selectionStart: start, selectionEnd: end, value } = event.target;
    const whole = start === 0 && end === value.length;
    if (event.key === "ArrowLeft" && !whole && end > 0) return;
    if (event.key === "ArrowRight" && !whole && start < value.length) return;
    const wide = this.#rows[0].length;
    const next = this.#inputs[Math.floor(at / wide) + step[0]]?.[(at % wide) + step[1]];
    if (!next) return;
    event.preventDefault();
    next.focus();
  }
}

const text = (x) => String(Number(x.toPrecision(10))).replace("-", "\u2212");

export const parseRows = (given) => given.split(/[;/]/).map((row) => row.trim().split(/[\s,]+/).map((each) => readNumber(each)));
export const formatRows = (rows) => rows.map((row) => row.map((x) => String(Number(x.toPrecision(10)))).join(" ")).join(";");

// Rows of another size: the middle is kept, what is new is 0.
export function resizeRows(rows, high, wide) {
  const [top, left] = [Math.floor((rows.length - high) / 2), Math.floor((rows[0].length - wide) / 2)];
  return Array.from({ length: high }, (_, r) => Array.from({ length: wide }, (__, c) => rows[r + top]?.[c + left] ?? 0));
}
