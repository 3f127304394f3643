// The room Playground: a convolution and what follows it, on one's own picture or numbers.

import { make, speak, tell } from "../dom.js";
import { Grid } from "../grid.js";
import { mapCanvas, pixelCanvas, shape, tidy as show } from "../numbers.js";
import { writePlace } from "../place.js";
import { wire } from "../wire.js";
import { words } from "../words.js";
import { choice, field, formatRows, NumberTable, pairOfSliders, parseRows, resizeRows, slider } from "./controls.js";
import { plot } from "./curve.js";
import { sizeOf } from "./formula.js";
import { LossPanel } from "./loss.js";
import { GRIDS, readSettings, STEPS, usual, writeSettings } from "./settings.js";
import { Working } from "./working.js";

const said = words.playground;
const BEFORE = { conv: "input", relu: "conv", pool: "relu", flatten: "pool" };
const PACE = 450; // milliseconds a step
const LISTED = 24; // rows and columns that are also given as a table

export class Room {
  uses = ["image"];
  state = usual();
  #turn = 0;
  #timer = 0;
  #apart = false;
  #built = "";
  #filters = [];

  constructor(frame) {
    this.frame = frame;
    this.keys = { rows: said.keys };
    this.strip = make("ol", { class: "steps", "aria-label": said.strip });
    this.given = new Grid({ label: said.goesIn });
    this.made = new Grid({ label: said.comesOut, onpoint: (row, column) => this.#point(row, column), onpick: (row, column) => this.#point(row, column) });
    this.made.canvas.tabIndex = 0;
    this.numbers = new NumberTable({ label: said.gridOf, onchange: (rows) => this.#set({ grid: formatRows(rows) }) });
    this.kernel = new NumberTable({ label: said.kernelOf, onchange: (rows) => this.#set({ kernel: formatRows(rows) }) });
    this.settings = make("div", { class: "settings" });
    this.givenName = make("small");
    this.madeName = make("small");
    this.givenTools = make("div", { class: "controls" });
    this.wrong = make("p", { class: "error wrong", role: "alert" });
    this.playButton = make("button", { "aria-pressed": "false", onclick: () => this.#toggle() }, words.play);
    this.madeTools = make("div", { class: "controls" }, this.playButton, make("button", { onclick: () => this.#step(-1) }, words.back), make("button", { onclick: () => this.#step(1) }, words.step));
    this.madeSaid = make("p", { class: "soft" });
    this.listed = make("details", { class: "flat", ontoggle: () => this.#list() }, make("summary", {}, said.asTable));
    this.size = make("section", { class: "sizes" });
    this.working = new Working({ light: (channel, row, column) => this.#light(channel, row, column) });
    this.bend = make("div", { class: "bend" });
    this.loss = new LossPanel({ changed: () => this.#write(), flattened: () => this.#flattened() });
    this.steps = make("div", {}, make("div", { class: "table" },
      make("section", { class: "panel" }, make("h2", {}, said.settings), this.settings),
      make("section", { class: "panel in" }, make("h2", {}, said.goesIn, this.givenName), this.numbers.element, this.given.element, this.givenTools),
      make("section", { class: "panel out" }, make("h2", {}, said.comesOut, this.madeName), this.wrong, this.made.element, this.madeTools, this.madeSaid, this.listed)),
    this.size, make("div", { class: "told" }, this.working.element, this.bend));
    this.element = make("div", { class: "playground" }, this.strip, this.steps, this.loss.element);
  }

  async open(place) {
    const first = !this.#filters.length;
    if (first) this.#filters = (await wire.ask({ kind: "filters" })).filters;
    const plain = Object.keys(place).every((name) => ["room", "network", "image"].includes(name));
    const image = place.image ?? "";
    if (!plain || first) this.state = readSettings({ ...place, image: this.#wanted(place) });
    else if (image && image !== this.frame.image) this.state.image = image; // chosen in the header
    this.#built = "";
    await this.#show();
    return true;
  }

  // The image of the address; an image that another room looks at is not taken by itself.
  #wanted(place) {
    return new URLSearchParams(location.hash.slice(1)).get("image") ? place.image : "";
  }

  leave() { this.#pause(); }

  repaint() {
    this.given.repaint();
    this.made.repaint();
    this.#ask();
  }

  drop(entry) { return this.#choose(entry.address); }

  #choose(image) {
    this.#built = "";
    this.#set({ image, row: 0, column: 0 });
  }

  // Settings have changed: tell the address, and ask.
  #set(part, { build = false } = {}) {
    Object.assign(this.state, part);
    if (build) this.#built = "";
    return this.#show();
  }

  #write() { writePlace(writeSettings(this.state)); }

  async #show() {
    const { step, image } = this.state;
    this.#write();
    this.frame.shown(image ? { image } : {});
    const lost = step === "loss";
    this.steps.hidden = lost;
    this.loss.element.hidden = !lost;
    if (lost && this.#built !== "loss") { this.#built = "loss"; await this.loss.open(this.state); }
    if (!lost) this.#build();
    await this.#ask();
  }

  async #ask() {
    const { state } = this;
    this.#turn += 1;
    const turn = this.#turn;
    try {
      const found = await wire.ask(this.#question());
      if (!found || turn !== this.#turn) return;
      tell("");
      this.#take(found);
    } catch (error) {
      if (turn !== this.#turn) return;
      this.found = null;
      this.wrong.textContent = error.message;
      this.#hide(true);
      if (state.image && !this.drawn) { state.image = ""; this.#set({}, { build: true }); tell(error.message, { error: true }); }
    }
  }

  #question(step = this.state.step) {
    const { image, grid, side, channels, kernel, divisor, bias, stride, pad, sides, padmode, dilation, slope, mode, window, poolStride, poolPad, ceil, source, unit, row, column } = this.state;
    return {
      kind: "play", image, grid: image ? "" : grid, side, channels, slope, source, unit, row, column, step: step === "loss" ? "flatten" : step,
      kernel: { numbers: kernel, divisor, bias, stride, pad, sides, padmode, dilation },
      pool: { mode, window, stride: poolStride, pad: poolPad, ceil },
    };
  }

  #take(found) {
    this.found = found;
    this.drawn = true;
    const { step } = this.state;
    this.#showStrip(found);
    if (step === "loss") return;
    const { steps, wrong, arrays } = found;
    const stopped = STEPS.find((each) => wrong[each]);
    const broken = stopped !== undefined && !arrays.out;
    this.wrong.textContent = broken ? (stopped === step ? wrong[stopped] : said.stopped(said.names[stopped], wrong[stopped])) : "";
    this.#hide(broken);
    this.#showGiven(found);
    if (broken) return;
    const { unit, row, column } = found.cell;
    Object.assign(this.state, step === "flatten" ? { row: 0, column } : { row, column });
    this.state.unit = found.unit;
    const own = steps[step];
    const { values, shape: [rows, columns] } = arrays.out;
    const flat = step === "flatten";
    const wide = flat ? this.#fold(columns) : columns;
    this.across = wide;
    const laid = flat ? { values, rows: Math.ceil(columns / wide), columns: wide, count: columns } : { values, rows, columns };
    this.made.show({ ...laid, reach: found.reach_out, gray: this.#isPicture(found, step) ? 255 : 0 });
    this.made.label(`${said.comesOut}: ${said.names[step]}, ${shape(own.shape)}`);
    this.madeName.textContent = flat ? said.count(columns) : shape(own.shape.slice(1)) + (own.shape[0] > 1 ? `, ${this.#mapName(unit)}` : "");
    this.made.mark({ focus: flat ? [Math.floor(column / wide), column % wide] : [row, column] });
    this.madeSaid.textContent = flat ? said.cellFlat(column, show(found.cell.value)) : said.cell(row, column, show(found.cell.value));
    this.#mark(found);
    this.size.replaceChildren(make("h2", {}, said.size.title), make("code", {}, own.text), ...(step === "relu" ? [make("p", { class: "line bare size" }, said.size.same(shape(own.shape.slice(1))))] : sizeOf(step, steps[BEFORE[step]].shape, own, step === "pool" && this.state.ceil)),
      own.work ? make("p", { class: "soft" }, said.size.work(own.work)) : "");
    this.working.show(step, found.cell, arrays, { given: found.reach_in });
    this.#showBend(found);
    this.#list();
  }

  #fold(count) { return count <= 16 ? count : Math.ceil(Math.sqrt(count)); }

  #isPicture({ steps }, step) {
    // what a filter that keeps the brightness makes of a picture is one again
    if (!this.state.image || step === "input") return Boolean(this.state.image);
    const sum = parseRows(this.state.kernel).flat().reduce((a, b) => a + b, 0) / this.state.divisor;
    return step !== "flatten" && Math.abs(sum - 1) < 1e-6 && this.state.bias === 0 && this.state.channels !== "sum" && Boolean(steps.conv);
  }

  #hide(broken) {
    for (const each of [this.made.element, this.madeTools, this.madeSaid, this.listed, this.size, this.working.element, this.bend]) each.hidden = broken;
  }

  #showGiven({ steps, arrays, source, margin, reach_in: reach }) {
    const { step, image } = this.state;
    const typed = step === "conv" && !image;
    this.numbers.element.hidden = !typed;
    this.given.element.hidden = typed || !arrays.in;
    const before = BEFORE[step];
    if (!arrays.in) return;
    if (typed) this.numbers.set(parseRows(this.state.grid), { margin, edge: this.state.padmode === "edge" });
    const { values, shape: [rows, columns] } = arrays.in;
    this.given.show({ values, rows, columns, reach, margin: step === "relu" ? [0, 0, 0, 0] : margin, gray: this.#isPicture({ steps }, before) ? 255 : 0 });
    this.given.label(`${said.goesIn}: ${said.names[before]}, ${shape(steps[before].shape)}`);
    this.names = steps.input.names;
    this.givenName.textContent = shape([rows, columns]) + (steps[before].shape[0] > 1 ? `, ${this.#mapName(source)}` : "");
  }

  #mapName(unit) { return said.colours[this.names?.[unit]] ?? words.map(unit); }

  // Where the window lies on what goes in.
  #mark({ cell, arrays, steps }) {
    const { step } = this.state;
    if (arrays["cell.row"]) {
      const [rows, columns] = [arrays["cell.row"].values, arrays["cell.column"].values];
      const [, high, wide] = arrays["cell.row"].shape;
      const cells = Array.from({ length: high * wide }, (_, i) => [rows[i], columns[i]]);
      this.#markGiven({ cells });
    } else if (step === "flatten") this.#markGiven({ focus: cell.source[0] === this.found.source ? cell.source.slice(1) : null });
    else this.#markGiven({ focus: [cell.row, cell.column] });
    if (step === "flatten" && cell.source[0] !== this.found.source && steps.pool.shape[0] > 1) this.#set({ source: cell.source[0] });
  }

  #light(channel, row, column) {
    if (!this.found?.arrays["cell.row"]) return;
    const [rows, columns] = [this.found.arrays["cell.row"].values, this.found.arrays["cell.column"].values];
    const [, high, wide] = this.found.arrays["cell.row"].shape;
    const cells = Array.from({ length: high * wide }, (_, i) => [rows[i], columns[i]]);
    this.#markGiven({ cells, focus: row === null ? null : [row, column] });
  }

  #markGiven(marks) {
    this.given.mark(marks);
    this.numbers.mark(marks);
  }

  #showBend({ cell }) {
    if (this.state.step !== "relu") { this.bend.replaceChildren(); return; }
    const { given, slope } = cell;
    const most = Math.max(2, Math.abs(given)) * 1.1;
    this.bend.replaceChildren(plot((x) => (x > 0 ? x : slope * x), { from: -most, to: most, low: -most * 0.6, high: most, x: given, label: slope === 0 ? said.working.relu : slope === 1 ? said.working.identity : said.working.leaky(show(slope)) }));
  }

  #showStrip({ steps, wrong, arrays }) {
    const entry = (name) => {
      const own = steps[name];
      const small = arrays[`small.${name}`];
      const canvas = small ? this.#small(name, small) : make("span", { class: "none" }, wrong[name] ? "!" : name === "loss" ? "−ln p" : "");
      return [canvas, make("b", {}, said.names[name]), make("span", {}, own ? (name === "flatten" ? String(own.shape[2]) : shape(own.shape[0] > 1 ? own.shape : own.shape.slice(1))) : "")];
    };
    if (this.strip.childElementCount !== STEPS.length + 1) {
      this.strip.replaceChildren(make("li", { class: "first-step" }), ...STEPS.map((name) => make("li", {}, make("button", { "data-step": name, onclick: () => this.#set({ step: name, source: 0 }, { build: true }) }))));
    }
    const [first, ...others] = this.strip.children;
    first.replaceChildren(...entry("input"));
    STEPS.forEach((name, at) => {
      const button = others[at].firstChild;
      button.replaceChildren(...entry(name));
      button.classList.toggle("broken", Boolean(wrong[name]));
      button.setAttribute("aria-pressed", String(name === this.state.step));
    });
  }

  #small(name, { values, shape: [count, rows, columns] }) {
    if (!this.#isPicture({ steps: this.found.steps }, name)) {
      const reach = Math.max(...values.map(Math.abs)) || 1;
      return mapCanvas(values.subarray(0, rows * columns), rows, columns, reach);
    }
    const pixels = new Uint8ClampedArray(rows * columns * 3);
    for (let i = 0; i < rows * columns; i += 1) for (let c = 0; c < 3; c += 1) pixels[3 * i + c] = values[(count === 3 ? c : 0) * rows * columns + i];
    return pixelCanvas(pixels, rows, columns, 3);
  }

  // The numbers that come out as a table, for those who do not see the grid.
  #list() {
    if (!this.listed.open || !this.found?.arrays.out) return;
    const { values, shape: [rows, columns] } = this.found.arrays.out;
    if (rows > LISTED || columns > LISTED) { this.listed.replaceChildren(this.listed.firstChild, make("p", { class: "soft" }, said.tooMany(LISTED))); return; }
    const head = make("tr", {}, make("td"), ...Array.from({ length: columns }, (_, c) => make("th", { scope: "col" }, String(c))));
    const body = Array.from({ length: rows }, (_, r) => make("tr", {}, make("th", { scope: "row" }, String(r)), ...Array.from(values.subarray(r * columns, (r + 1) * columns), (x) => make("td", {}, show(x)))));
    this.listed.replaceChildren(this.listed.firstChild, make("div", { class: "scroll", tabIndex: 0, role: "region", "aria-label": said.asTable }, make("table", { class: "listed numbers" }, make("thead", {}, head), make("tbody", {}, ...body))));
  }

  // The settings of the step that is open; built anew where it is another one.
  #build() {
    const { step, image } = this.state;
    const key = `${step} ${image} ${this.#apart}`;
    if (this.#built === key) return;
    this.#built = key;
    this.settings.replaceChildren(...{ conv: () => this.#convSettings(), relu: () => this.#reluSettings(), pool: () => this.#poolSettings(), flatten: () => [make("p", { class: "soft" }, said.flattenSaid)] }[step]());
    this.givenTools.replaceChildren(...(step === "conv" ? this.#sourceTools() : this.#mapTools()));
  }

  #apartBox() {
    const box = make("input", { type: "checkbox", checked: this.#apart, onchange: () => { this.#apart = box.checked; this.#set({}, { build: true }); } });
    return make("label", { class: "check-box" }, box, said.apart);
  }

  #convSettings() {
    const { state } = this;
    const rows = parseRows(state.kernel);
    this.kernel.set(rows.every((row) => row.every((x) => x !== null)) && new Set(rows.map((row) => row.length)).size === 1 ? rows : [[0]]);
    const named = this.#filters.find((each) => formatRows(each.rows) === state.kernel && each.divisor === state.divisor);
    const pick = choice(said.filter, [["", said.ownFilter], ...this.#filters.map(({ name }) => [name, said.filters[name] ?? name])], named?.name ?? "", (name) => {
      const found = this.#filters.find((each) => each.name === name);
      if (found) this.#set({ kernel: formatRows(found.rows), divisor: found.divisor, bias: 0 }, { build: true });
    });
    const apart = this.#apart;
    const sizes = pairOfSliders(said.kernelSize, { min: 1, max: 9, value: [this.kernel.rows.length, this.kernel.rows[0].length], apart, oninput: ([high, wide]) => this.#resize(high, wide) });
    const sides = state.pad === "sides" ? ["above", "below", "left", "right"].map((name, at) => slider(said.sides[name], { min: 0, max: 6, value: state.sides[at], oninput: (x) => { const now = [...this.state.sides]; now[at] = x; this.#set({ sides: now }); } }).element) : [];
    return [pick, make("p", { class: "soft does" }, named ? said.does[named.name] ?? named.does : said.ownSaid), make("div", { class: "scroll" }, this.kernel.element),
      make("div", { class: "two" }, field(said.divisor, state.divisor, (divisor) => this.#set({ divisor })), field(said.bias, state.bias, (bias) => this.#set({ bias }))),
      ...sizes, ...pairOfSliders(said.stride, { min: 1, max: 5, value: state.stride, apart, oninput: (stride) => this.#set({ stride }) }),
      ...pairOfSliders(said.dilation, { min: 1, max: 5, value: state.dilation, apart, oninput: (dilation) => this.#set({ dilation }) }),
      choice(said.padding, Object.entries(said.pads), state.pad, (pad) => this.#set({ pad }, { build: true })), ...sides,
      choice(said.padmode, Object.entries(said.padmodes), state.padmode, (padmode) => this.#set({ padmode })), this.#apartBox()];
  }

  #resize(high, wide) {
    const rows = resizeRows(this.kernel.rows, high, wide);
    this.kernel.set(rows);
    return this.#set({ kernel: formatRows(rows) });
  }

  #reluSettings() {
    const kind = this.state.slope === 0 ? "relu" : this.state.slope === 1 ? "none" : "leaky";
    const leaky = kind === "leaky" ? [slider(said.slope, { min: 0.01, max: 0.99, step: 0.01, value: this.state.slope, oninput: (slope) => this.#set({ slope }) }).element] : [];
    return [choice(said.activation, Object.entries(said.activations), kind, (value) => this.#set({ slope: { relu: 0, leaky: 0.1, none: 1 }[value] }, { build: true })), ...leaky];
  }

  #poolSettings() {
    const { state } = this;
    const apart = this.#apart;
    const ceil = make("input", { type: "checkbox", checked: state.ceil, onchange: () => this.#set({ ceil: ceil.checked }) });
    return [choice(said.pooling, Object.entries(said.poolings), state.mode, (mode) => this.#set({ mode })),
      ...pairOfSliders(said.window, { min: 1, max: 6, value: state.window, apart, oninput: (window) => this.#set({ window }) }),
      ...pairOfSliders(said.stride, { min: 1, max: 6, value: state.poolStride, apart, oninput: (poolStride) => this.#set({ poolStride }) }),
      ...pairOfSliders(said.padding, { min: 0, max: 3, value: state.poolPad, apart, oninput: (poolPad) => this.#set({ poolPad }) }),
      make("label", { class: "check-box" }, ceil, said.ceil), this.#apartBox()];
  }

  // Where the numbers come from: typed, or an image.
  #sourceTools() {
    const { state } = this;
    const own = choice(said.from, [["", said.fromNumbers], ["image", said.fromImage]], state.image ? "image" : "", (value) => {
      if (value) this.frame.pictures({ choose: (image) => this.#choose(image) });
      else this.#choose("");
    });
    if (!state.image) {
      const rows = parseRows(state.grid);
      const name = Object.keys(GRIDS).find((each) => GRIDS[each] === state.grid) ?? "";
      const size = (high, wide) => this.#set({ grid: formatRows(resizeRows(parseRows(this.state.grid), high, wide)) });
      return [own, choice(said.start, [["", said.ownGrid], ...Object.entries(said.grids)], name, (each) => { if (each) this.#set({ grid: GRIDS[each] }, { build: true }); }),
        slider(said.gridRows, { min: 1, max: 12, value: rows.length, oninput: (high) => size(high, parseRows(this.state.grid)[0].length) }).element,
        slider(said.gridColumns, { min: 1, max: 12, value: rows[0].length, oninput: (wide) => size(parseRows(this.state.grid).length, wide) }).element];
    }
    return [own, make("button", { onclick: () => this.frame.pictures({ choose: (image) => this.#choose(image) }) }, words.change),
      slider(said.side, { min: 4, max: 224, step: 4, value: state.side, oninput: (side) => this.#set({ side }) }).element,
      choice(said.channels, Object.entries(said.channelWays), state.channels, (channels) => this.#set({ channels, source: 0, unit: 0 }, { build: true })), ...this.#mapTools()];
  }

  #mapTools() {
    const many = this.state.image && (this.state.channels === "each" || (this.state.channels === "sum" && this.state.step === "conv"));
    if (!many) return [];
    return [choice(said.mapShown, ["red", "green", "blue"].map((name, at) => [String(at), said.colours[name]]), String(this.state.source), (value) => this.#set({ source: Number(value), unit: this.state.channels === "each" ? Number(value) : 0 }))];
  }

  async #flattened() {
    try {
      const found = await wire.ask(this.#question("flatten"));
      if (found?.arrays.out) return Array.from(found.arrays.out.values);
      tell(Object.values(found.wrong)[0], { error: true });
    } catch (error) {
      tell(error.message, { error: true });
    }
    return null;
  }

  #point(row, column) {
    const flat = this.state.step === "flatten";
    return this.#set(flat ? { row: 0, column: row * this.across + column } : { row, column });
  }

  #toggle() {
    if (this.#timer) this.#pause();
    else {
      this.#timer = setInterval(() => this.#walk(1), PACE);
      this.playButton.textContent = words.pause;
      this.playButton.setAttribute("aria-pressed", "true");
    }
  }

  #pause() {
    clearInterval(this.#timer);
    this.#timer = 0;
    this.playButton.textContent = words.play;
    this.playButton.setAttribute("aria-pressed", "false");
  }

  #step(by) {
    this.#pause();
    return this.#walk(by);
  }

  // The next value, row by row; from the last on to the first.
  #walk(by) {
    if (!this.found?.arrays.out) return null;
    const [rows, columns] = this.found.arrays.out.shape;
    const at = (this.state.row * columns + this.state.column + by + rows * columns) % (rows * columns);
    return this.#set({ row: Math.floor(at / columns), column: at % columns });
  }

  async #move(down, across) {
    if (!this.found?.arrays.out) return;
    this.#pause();
    const [rows, columns] = this.found.arrays.out.shape;
    if (this.state.step === "flatten") await this.#set({ column: Math.min(Math.max(this.state.column + down * this.across + across, 0), columns - 1) });
    else await this.#set({ row: Math.min(Math.max(this.state.row + down, 0), rows - 1), column: Math.min(Math.max(this.state.column + across, 0), columns - 1) });
    speak(this.madeSaid.textContent);
  }

  keydown(event) {
    if (this.state.step === "loss") return false;
    const onButton = event.target.closest("button, a, summary") !== null;
    const arrow = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (arrow) this.#move(...arrow);
    else if (event.key === " " && !onButton) this.#toggle();
    else if (event.key === ",") this.#step(-1);
    else if (event.key === ".") this.#step(1);
    else if (/^[1-5]$/.test(event.key)) this.#set({ step: STEPS[Number(event.key) - 1], source: 0 }, { build: true });
    else return false;
    return true;
  }
}
