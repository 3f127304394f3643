// The image, what goes in and what comes out, side by side; the kernel slides over the first.

import { make } from "../dom.js";
import { Grid } from "../grid.js";
import { words } from "../words.js";

const SPEEDS = [1200, 700, 400, 220, 110]; // milliseconds a step

export class Bench {
  #timer = 0;
  #zoom = false;
  #input = "";
  channel = null; // of the input that is shown; null: the one that contributes most
  columns = 1;

  constructor({ point, pick, keep, step, likely, channel }) {
    this.step = step;
    this.image = new Grid({ label: words.seen });
    this.input = new Grid({ label: words.goesIn });
    this.output = new Grid({ label: words.comesOut, onpoint: point, onpick: pick });
    this.headline = make("small");
    this.sight = make("p", { class: "soft" });
    this.inputName = make("small");
    this.outputName = make("small");
    this.inputSaid = make("p", { class: "soft" });
    this.outputSaid = make("p", { class: "soft" }, words.pointHere);
    this.channelPick = make("select", { "aria-label": words.channelShown, hidden: true, onchange: () => channel(Number(this.channelPick.value)) });
    this.playButton = make("button", { "aria-pressed": "false", onclick: () => this.toggle() }, words.play);
    this.keepButton = make("button", { "aria-pressed": "false", onclick: keep }, words.keep);
    this.zoomButton = make("button", { "aria-pressed": "false", onclick: () => this.zoom() }, words.zoom);
    this.pace = make("input", { type: "range", min: 0, max: SPEEDS.length - 1, value: 2, "aria-label": words.speed, oninput: () => { if (this.playing) this.#start(); } });
    this.panels = [
      make("section", { class: "panel seen" }, make("h2", {}, words.seen, this.headline), make("div", {}, this.image.element), this.sight, likely),
      make("section", { class: "panel in" }, make("h2", {}, words.goesIn, this.inputName), this.input.element,
        make("div", { class: "controls" }, this.channelPick), this.inputSaid),
      make("section", { class: "panel out" }, make("h2", {}, words.comesOut, this.outputName), this.output.element,
        make("div", { class: "controls" }, this.playButton, make("button", { onclick: () => { this.pause(); step(-1); } }, words.back),
          make("button", { onclick: () => { this.pause(); step(1); } }, words.step), this.keepButton, this.zoomButton, make("label", {}, words.speed, this.pace)),
        this.outputSaid),
    ];
  }

  get playing() { return this.#timer !== 0; }

  toggle() {
    if (this.playing) this.pause();
    else this.#start();
  }

  #start() {
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.step(1), SPEEDS[Number(this.pace.value)]);
    this.playButton.textContent = words.pause;
    this.playButton.setAttribute("aria-pressed", "true");
  }

  pause() {
    clearInterval(this.#timer);
    this.#timer = 0;
    this.playButton.textContent = words.play;
    this.playButton.setAttribute("aria-pressed", "false");
  }

  zoom() {
    this.#zoom = !this.#zoom;
    this.input.zoomed = this.#zoom;
    this.output.zoomed = this.#zoom;
    this.zoomButton.setAttribute("aria-pressed", String(this.#zoom));
  }

  showImage({ pixels }, headline) {
    const { values, shape: [rows, columns, channels] } = pixels;
    this.image.show({ values, rows, columns, channels });
    this.image.label(`${words.seen}: ${headline}`);
  }

  // A map of a network that has not learnt says so.
  #noted(name) {
    return this.note ? `${name}, ${words.notTrained}` : name;
  }

  showLayer(layer, { note }) {
    this.note = note;
    this.headline.textContent = note ? words.notTrained : "";
    this.channel = null;
    this.#input = "";
    this.pause();
    this.layer = layer;
  }

  showOutput(found, layer, unit) {
    const { values, shape: [rows, columns] } = found.arrays.map;
    this.columns = columns;
    const name = found.features ? words.featuresOf(layer.name, found.count) : words.mapOf(layer.name, unit);
    this.outputName.textContent = this.#noted(name);
    this.output.label(`${words.comesOut}: ${name}`);
    this.output.show({ values, rows, columns, reach: found.reach ?? layer.reach, count: found.features ? found.count : rows * columns });
  }

  markOutput({ unit, row, column }, frozen) {
    this.frozen = frozen;
    if (row < 0) this.markUnit(unit);
    else this.output.mark({ focus: [row, column] });
    this.keepButton.textContent = frozen ? words.letGo : words.keep;
    this.keepButton.setAttribute("aria-pressed", String(frozen));
  }

  markUnit(unit) {
    this.output.mark({ focus: [Math.floor(unit / this.columns), unit % this.columns] });
  }

  tellCell(text, frozen) {
    this.outputSaid.textContent = frozen ? `${text} (${words.kept})` : `${text}. ${words.pointHere}`;
  }

  showSight(box, { pixels }) {
    const [rows, columns] = pixels.shape;
    const [top, left, bottom, right] = box;
    const whole = top <= 0 && left <= 0 && bottom >= rows && right >= columns;
    this.image.mark({ box: whole ? [0, 0, rows, columns] : box });
    const clip = (x, most) => Math.min(Math.max(x, 0), most);
    this.sight.textContent = whole ? words.seesAll : words.sees(clip(bottom, rows) - clip(top, rows), clip(right, columns) - clip(left, columns));
  }

  // What goes in: the map that contributes most, or the one chosen, with the terms' places lit.
  async showTerms(found, layer, scene, ask) {
    const step = found.steps[0];
    if (!step) {
      this.input.element.hidden = true;
      this.channelPick.hidden = true;
      this.inputName.textContent = "";
      this.inputSaid.textContent = "";
      return;
    }
    this.input.element.hidden = false;
    const read = (name) => found.arrays[`0.${name}`].values;
    const terms = { source: read("source"), unit: read("unit"), row: read("row"), column: read("column"), product: read("product") };
    const { source, unit } = this.#pickChannel(terms);
    const { features } = step;
    const key = `${layer.name} ${source} ${features ? "" : unit}`;
    const cells = [];
    for (let i = 0; i < terms.unit.length; i += 1) {
      if (terms.source[i] === source && (features || terms.unit[i] === unit)) cells.push([terms.row[i], terms.column[i], terms.unit[i]]);
    }
    if (key !== this.#input || scene !== this.scene) {
      const map = await ask({ kind: "map", layer: layer.name, source, unit: features ? 0 : unit });
      if (!map) return;
      this.#input = key;
      this.scene = scene;
      const from = layer.sources[source] || "";
      const { values, shape: [rows, columns] } = map.arrays.map;
      const reach = scene.byName.get(from)?.reach ?? map.reach ?? 1;
      const name = from === "input" ? words.input : from || words.sum.unknown;
      this.input.show({ values, rows, columns, reach, margin: map.margin ?? [0, 0, 0, 0], count: map.features ? map.count : rows * columns });
      this.inputName.textContent = this.#noted(map.features ? words.featuresOf(name, map.count) : words.mapOf(name, unit));
      this.inputColumns = columns;
    }
    this.lit = { source, unit, features, cells: features ? cells.map(([, , own]) => [Math.floor(own / this.inputColumns), own % this.inputColumns]) : cells.map(([row, column]) => [row, column]) };
    this.input.mark({ cells: this.lit.features && cells.length > 1 ? [] : this.lit.cells });
    this.inputSaid.textContent = "";
    this.#offerChannels(terms, layer, unit, features);
  }

  #pickChannel(terms) {
    const sums = new Map();
    for (let i = 0; i < terms.unit.length; i += 1) {
      const key = `${terms.source[i]} ${terms.unit[i]}`;
      sums.set(key, (sums.get(key) ?? 0) + terms.product[i]);
    }
    const kept = this.channel !== null && [...sums.keys()].find((key) => key.endsWith(` ${this.channel}`));
    let best = kept || null;
    if (!best) for (const [key, sum] of sums) if (best === null || Math.abs(sum) > Math.abs(sums.get(best))) best = key;
    // what is shown stays while it still goes in, so that the eye is not led astray
    const shown = this.lit && this.channel === null ? `${this.lit.source} ${this.lit.unit}` : "";
    if (!kept && this.#input.startsWith(`${this.layer.name} `) && sums.has(shown)) best = shown;
    const [source, unit] = best.split(" ").map(Number);
    return { source, unit };
  }

  #offerChannels(terms, layer, unit, features) {
    const own = features ? [] : [...new Set(terms.unit)];
    this.channelPick.hidden = own.length < 2;
    if (own.length < 2) return;
    const key = `${layer.name} ${own[0]} ${own.length}`;
    if (this.channelPick.dataset.key !== key) {
      this.channelPick.dataset.key = key;
      this.channelPick.replaceChildren(...own.map((each) => make("option", { value: each }, words.map(each))));
    }
    this.channelPick.value = String(unit);
  }

  // A term of the sum is pointed at: light its place, if its map is the one shown.
  light(channel, term) {
    if (!this.lit) return;
    const same = term && channel.source === this.lit.source && (this.lit.features || channel.unit === this.lit.unit);
    if (!same) { this.input.mark({ cells: this.lit.features ? [] : this.lit.cells }); return; }
    const focus = this.lit.features ? [Math.floor(term.unit / this.inputColumns), term.unit % this.inputColumns] : [term.row, term.column];
    this.input.mark({ cells: this.lit.features ? [] : this.lit.cells, focus });
  }

  repaint() {
    for (const grid of [this.image, this.input, this.output]) grid.repaint();
  }
}
