// The room Draw: a pad, and the whole network that answers it.

import { make, speak, tell } from "../dom.js";
import { Arithmetic } from "../inside/arithmetic.js";
import { show } from "../numbers.js";
import { thumbnail } from "../pictures.js";
import { writePlace } from "../place.js";
import { wire } from "../wire.js";
import { words } from "../words.js";
import { Flat } from "./flat.js";
import { edgesOf, Levels } from "./levels.js";
import { Pad } from "./pad.js";
import { Solid } from "./solid.js";
import { Table } from "./table.js";
import { Verdict } from "./verdict.js";

const said = words.draw;
const LINES = 400; // from a node, at most: the largest
const QUIET = 700; // milliseconds without a stroke, after which the answer is spoken
const NAME = `drawing/${crypto.getRandomValues(new Uint32Array(1))[0].toString(36)}`; // of this page's drawing

export class Room {
  uses = ["network"];
  needsNetwork = true;
  keys = words.draw.keys;
  #sent = 0; // the latest drawing that was asked about
  #shown = 0; // and the latest that is shown
  #waiting = false;
  #node = null; // that is pointed at or kept: { level, unit, row, column }
  #kept = false;
  #speaking = 0;

  constructor(frame) {
    this.frame = frame;
    this.state = { room: "draw", network: "", view: "solid" };
    this.levels = new Levels();
    const look = { point: (level, place) => this.#point(level, place), pick: (level, place) => this.#pick(level, place) };
    this.pad = new Pad({ changed: () => this.#changed() });
    this.verdict = new Verdict({ choose: (unit) => this.#chooseClass(unit) });
    this.flat = new Flat(look);
    this.solid = new Solid({ ...look, keydown: (event) => this.#step(event) });
    this.table = new Table(look);
    this.arithmetic = new Arithmetic({ go: (...place) => this.#follow(...place), point: () => {} });
    this.line = make("p", { class: "node", role: "status" }, said.pointHere);
    const tab = (view) => make("button", { "aria-pressed": "false", onclick: () => this.#setView(view) }, said.views[view]);
    this.tabs = { solid: tab("solid"), flat: tab("flat") };
    this.redraw = make("button", { onclick: () => this.#redrawTest() }, said.redraw);
    this.element = make("div", { class: "draw" },
      make("div", { class: "left" }, make("h2", {}, said.title), this.pad.element,
        make("div", { class: "controls" }, make("button", { onclick: () => this.pad.undo() }, said.undo), make("button", { onclick: () => this.pad.clear() }, said.clear),
          make("button", { onclick: () => this.#choosePicture() }, said.picture), this.redraw),
        this.verdict.gets, this.verdict.element, this.verdict.right),
      make("div", { class: "right" },
        make("div", { class: "controls views" }, make("div", { role: "group", "aria-label": said.view }, this.tabs.solid, this.tabs.flat), make("button", { onclick: () => this.#lookInside() }, said.inside)),
        this.solid.element, this.flat.element, this.line, this.table.element),
      this.arithmetic.element);
  }

  async open(place) {
    const isNew = place.network !== this.state.network;
    Object.assign(this.state, { network: place.network });
    if (place.view === "flat" || place.view === "solid") this.state.view = place.view;
    this.#showView();
    if (isNew) {
      this.layers = null;
      this.#forget();
      const slow = setTimeout(() => tell(words.opening(said.pad, place.network)), 250);
      const done = await this.#ask().finally(() => clearTimeout(slow));
      if (!done) { this.state.network = ""; return false; }
      tell("");
      this.#learn(place.network);
    }
    this.frame.shown({ network: place.network });
    if (place.picture && place.picture !== this.pad.picture?.address) await this.#takePicture(place.picture);
    const level = this.levels.list.find((each) => each.first === place.layer);
    const at = level?.place(place.unit ?? 0, place.row ?? -1, place.column ?? -1);
    if (at) { this.#kept = true; this.#look({ level, ...at }); }
    this.#write();
    return true;
  }

  leave() {
    clearTimeout(this.#speaking);
  }

  // The address leads back to the view, the picture and the node that is kept; strokes are drawn anew.
  #write() {
    const node = this.#kept && this.#node;
    writePlace({ ...this.state, picture: this.pad.picture?.address, ...(node ? { layer: node.level.first, ...node.level.real(node) } : {}) });
  }

  repaint() {
    this.levels.repaint();
    this.pad.draw();
    this.flat.draw();
    this.solid.draw();
  }

  keydown(event) {
    if (event.key === "v") { this.#setView(this.state.view === "solid" ? "flat" : "solid"); return true; }
    if (event.key === "Delete") { this.pad.clear(); return true; }
    if (event.key === "Escape") { this.#forget(); return true; }
    return false;
  }

  drop(entry) {
    return this.#takePicture(entry.address);
  }

  // One question a frame; of those on their way Python answers the newest.
  #changed() {
    if (this.#waiting) return;
    this.#waiting = true;
    requestAnimationFrame(() => {
      this.#waiting = false;
      this.#ask();
    });
  }

  async #ask() {
    this.#sent += 1;
    this.element.dataset.asked = String(this.#sent);
    const [turn, network] = [this.#sent, this.state.network];
    const strokes = this.pad.strokes.map((stroke) => stroke.map(([x, y]) => [Math.round(x * 1e4) / 1e4, Math.round(y * 1e4) / 1e4]));
    try {
      const found = await wire.ask({ kind: "draw", network, image: NAME, strokes, picture: this.pad.picture?.address ?? "" });
      if (!found || turn <= this.#shown || network !== this.state.network) return true;
      this.#shown = turn;
      this.#show(found);
      return true;
    } catch (error) {
      tell(error.message, { error: true });
      return false;
    }
  }

  #show(found) {
    const isNew = this.levels.take(found);
    this.found = found;
    this.verdict.show(found);
    this.verdict.showInput(found.arrays.pixels, this.pad.picture ? said.laidPicture : said.laid(found.levels[0].shape));
    if (this.state.view === "solid") this.solid.show(this.levels, isNew);
    else this.flat.show(this.levels, isNew);
    if (isNew) this.shownNew = { solid: this.state.view === "solid", flat: this.state.view === "flat" };
    this.table.show(this.levels, isNew);
    this.element.dataset.answers = String(this.#shown);
    clearTimeout(this.#speaking);
    this.#speaking = setTimeout(() => { speak(this.verdict.text); if (this.#node) this.#askNode(this.#node); }, QUIET);
  }

  #setView(view) {
    this.state.view = view;
    this.#showView();
    this.#write();
  }

  #showView() {
    const { view } = this.state;
    for (const [name, tab] of Object.entries(this.tabs)) tab.setAttribute("aria-pressed", String(name === view));
    this.solid.element.hidden = view !== "solid";
    this.flat.element.hidden = view !== "flat";
    if (!this.found) return;
    this[view].show(this.levels, !this.shownNew[view]);
    this.shownNew[view] = true;
    this[view].mark(this.#node, this.edges);
  }

  // What the network has learnt from: how often the pad is right, and what is unlike it.
  async #learn(network) {
    this.verdict.right.textContent = said.learning;
    this.redraw.disabled = true;
    try {
      const found = await wire.ask({ kind: "known", network });
      if (!found || network !== this.state.network) return;
      this.verdict.showKnown(found);
      this.redraw.disabled = Boolean(found.why);
      if (!this.pad.isEmpty) this.#ask();
    } catch (error) {
      if (network === this.state.network) this.verdict.right.textContent = error.message;
    }
  }

  async #redrawTest() {
    const number = Math.floor(Math.random() * 1e6);
    try {
      const found = await wire.ask({ kind: "redrawn", network: this.state.network, number });
      if (!found) return;
      tell(said.redrawn(found.label));
      await this.pad.play(fitted(found.strokes));
    } catch (error) {
      tell(error.message, { error: true });
    }
  }

  #choosePicture() {
    this.frame.pictures({ choose: (address) => this.#takePicture(address) });
  }

  async #takePicture(address) {
    const element = new Image();
    element.src = thumbnail(address);
    try {
      await element.decode();
      this.pad.take([], { address, element });
      this.#write();
    } catch {
      tell(said.noPicture, { error: true });
    }
  }

  async #lookInside() {
    const { network } = this.state;
    try {
      const strokes = this.pad.strokes;
      const entry = await wire.ask({ kind: "keep drawing", network, strokes, picture: this.pad.picture?.address ?? "" });
      const node = this.#kept && this.#node ? { layer: this.#node.level.first, ...this.#node.level.real(this.#node) } : {};
      this.frame.add({ address: entry.address, title: entry.title, group: entry.group });
      await this.frame.go({ room: "inside", network, image: entry.address, ...node });
    } catch (error) {
      tell(error.message, { error: true });
    }
  }

  #forget() {
    this.#node = null;
    this.#kept = false;
    this.edges = [];
    this.line.textContent = said.pointHere;
    this.arithmetic.stages.replaceChildren();
    this.arithmetic.element.hidden = true;
    for (const each of [this.flat, this.solid]) each.mark(null);
  }

  // The pointer is over a node, or over none.
  #point(level, place) {
    if (this.#kept) return;
    const node = level && place ? { level, unit: place.unit, row: place.row, column: place.column } : null;
    if (same(node, this.#node)) return;
    if (node) this.#look(node);
  }

  #pick(level, { unit, row, column }) {
    const node = { level, unit, row, column };
    this.#kept = !(this.#kept && same(node, this.#node));
    this.#look(node);
  }

  #look(node) {
    this.#node = node;
    this.edges = [];
    this.#write();
    this[this.state.view].mark(node);
    this.line.textContent = said.node(node.level, node, show(node.level.value(node)));
    this.#askNode(node);
  }

  // Ask what a node got, and from where.
  async #askNode(node) {
    const { level } = node;
    const place = level.real(node);
    const { network } = this.state;
    try {
      this.layers ??= wire.ask({ kind: "layers", network, image: NAME });
      const [found, layers] = await Promise.all([wire.ask({ kind: "cell", network, image: NAME, layer: level.first, ...place }), this.layers]);
      if (!found || !layers || node !== this.#node || network !== this.state.network) return;
      const { edges, count, isCut } = edgesOf(level, this.levels, found, LINES);
      this.edges = edges;
      this[this.state.view].mark(node, edges);
      this.table.mark(node);
      const value = found.input ? found.input.value : found.steps.at(-1).value;
      this.line.textContent = [said.node(level, node, show(value)), found.steps.length ? said.got(found.steps, count, isCut ? edges.length : 0, show) : "", this.#kept ? said.kept : ""].join(" ");
      this.arithmetic.element.hidden = false;
      this.arithmetic.show({ ...found, place: [place.unit, place.row, place.column] }, this.#scene(layers));
    } catch (error) {
      this.layers = null;
      this.line.textContent = error.message;
    }
  }

  #scene({ layers, classes }) {
    const byName = new Map(layers.map((each) => [each.name, each]));
    const last = layers.findLast((each) => each.shape.length === 1 && each.shape[0] === classes.length);
    return { byName, classes, isLogits: (name) => name === last?.name };
  }

  // A term of the sum leads to the level that it came from.
  #follow(layer, unit, row, column) {
    const level = this.levels.list.find((each) => each.name === layer || each.first === layer) ?? this.levels.get(this.#node?.level.sources[0]);
    const place = level?.place(unit, row, column);
    if (!place) return;
    this.#kept = true;
    this.#look({ level, ...place });
  }

  #chooseClass(unit) {
    const level = this.levels.list.findLast((each) => each.classes);
    if (!level || unit >= level.shown) return;
    this.#kept = true;
    this.#look({ level, unit, row: 0, column: 0 });
  }

  // Shift and arrows go from node to node, page up and down from level to level.
  #step({ key, shiftKey }) {
    const { list } = this.levels;
    const node = this.#node ?? { level: list.at(-1), unit: 0, row: 0, column: 0 };
    const by = { PageUp: 1, PageDown: -1 }[key];
    const { level } = node;
    let next = null;
    if (by) {
      const to = list[level.at + by];
      if (to) next = { level: to, unit: Math.min(node.unit, to.shown - 1), row: Math.min(node.row, to.high - 1), column: Math.min(node.column, to.wide - 1) };
    } else if (key === "," || key === ".") {
      next = { ...node, unit: (node.unit + (key === "." ? 1 : -1) + level.shown) % level.shown };
    } else if (shiftKey && key.startsWith("Arrow")) {
      const [down, across] = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[key];
      next = level.isMaps
        ? { ...node, row: Math.min(Math.max(node.row + down, 0), level.high - 1), column: Math.min(Math.max(node.column + across, 0), level.wide - 1) }
        : { ...node, unit: Math.min(Math.max(node.unit + across + 10 * down, 0), level.shown - 1) };
    } else if (key === "Escape") {
      this.#forget();
      return true;
    }
    if (!next) return false;
    this.#kept = true;
    this.#look(next);
    return true;
  }
}

const same = (one, other) => one?.level === other?.level && one?.unit === other?.unit && one?.row === other?.row && one?.column === other?.column;

// Strokes in any unit as shares of the pad, with a margin.
function fitted(strokes) {
  const points = strokes.flat();
  const [low, high] = [0, 1].map((axis) => [Math.min(...points.map((each) => each[axis])), Math.max(...points.map((each) => each[axis]))]);
  const scale = 0.7 / Math.max(low[1] - low[0], high[1] - high[0], 1e-6);
  return strokes.map((stroke) => stroke.map(([x, y]) => [0.5 + (x - (low[0] + low[1]) / 2) * scale, 0.5 + (y - (high[0] + high[1]) / 2) * scale]));
}
