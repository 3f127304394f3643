// The room Inside: a network under the microscope, from its layers down to one number.

import { Camera } from "../camera.js";
import { make, speak, tell } from "../dom.js";
import { percent, shape, show } from "../numbers.js";
import { writePlace } from "../place.js";
import { wire } from "../wire.js";
import { untrained } from "../untrained.js";
import { words } from "../words.js";
import { AnswerPanel } from "./answer.js";
import { Arithmetic } from "./arithmetic.js";
import { Bench } from "./bench.js";
import { Gallery } from "./gallery.js";
import { takeKey } from "./keys.js";
import { Strip } from "./strip.js";
import { UnitPanel } from "./unit.js";
import { WalkPanel } from "./walk.js";

export class Room {
  uses = ["network", "image", "camera"];
  needsNetwork = true;
  keys = words.keys;

  constructor(frame) {
    this.frame = frame;
    this.state = { room: "inside", network: "", image: "", layer: "", unit: 0, row: -1, column: -1 };
    this.scene = null;
    this.frozen = false;
    this.camera = new Camera();
    const ask = (question, progress) => this.ask(question, progress);
    this.strip = new Strip(ask, (name) => this.openLayer(name));
    this.gallery = new Gallery(ask, (unit) => this.openUnit(unit));
    this.arithmetic = new Arithmetic({ go: (...place) => this.go(...place), point: (...what) => this.bench.light(...what) });
    this.answer = new AnswerPanel({ light: (unit) => this.#light(unit), choose: (unit) => this.#choose(unit) });
    this.unit = new UnitPanel(ask);
    this.walk = new WalkPanel(ask, (...place) => this.go(...place));
    this.bench = new Bench({
      point: (...cell) => this.point(...cell), pick: (...cell) => this.pick(...cell), keep: () => this.keep(!this.frozen),
      step: (by) => this.step(by), likely: this.answer.likely, channel: (unit) => this.#openChannel(unit),
    });
    this.facts = make("div", { class: "facts" });
    this.element = make("div", { class: "inside" }, this.strip.element, this.facts,
      make("div", { class: "bench" }, ...this.bench.panels, this.gallery.element), this.arithmetic.element,
      make("div", { class: "below" }, this.answer.element, this.unit.element, this.walk.element));
  }

  ask(question, progress = null) {
    return wire.ask({ network: this.state.network, image: this.state.image, ...question }, progress);
  }

  get layer() { return this.scene?.byName.get(this.state.layer); }

  // Go to a place: what it does not say stays, as far as it is there.
  async open(place) {
    const before = this.state;
    const state = { ...before, ...place };
    const same = this.scene && state.network === before.network && state.image === before.image;
    if (state.image !== "camera") this.#stopCamera();
    this.state = state;
    this.turn = (this.turn ?? 0) + 1;
    const { turn } = this;
    try {
      if (!same) {
        const slow = setTimeout(() => tell(words.opening(state.network, state.image)), 250);
        const found = await this.ask({ kind: "layers" }).finally(() => clearTimeout(slow));
        tell("");
        if (turn !== this.turn) return true; // somebody has gone on meanwhile
        this.#take(found);
        this.strip.show(this.scene);
        this.walk.show(-1, "", this.scene.note);
      }
    } catch (error) {
      if (turn !== this.turn) return true;
      this.state = before;
      tell(error.message, { error: true });
      return false;
    }
    const wanted = this.scene.byName.has(state.layer) ? state.layer : this.scene.layers[1]?.name ?? "input";
    if (place.layer && wanted !== place.layer) tell(words.noLayer(place.layer, wanted), { error: true });
    this.state.layer = wanted;
    this.#fit();
    this.frozen = place.row !== undefined && place.row >= 0;
    await this.#showLayer();
    return true;
  }

  #take(found) {
    const { layers, classes, temperature, note, mirrored, answer, arrays } = found;
    const last = layers.findLast((each) => each.shape.length === 1 && each.shape[0] === classes.length);
    this.scene = {
      isLogits: (name) => name === last?.name,
      layers, classes, temperature, note, mirrored, answer, byName: new Map(layers.map((each) => [each.name, each])),
      pixels: arrays.pixels, logits: arrays.logits.values, powers: arrays.powers.values, probabilities: arrays.probabilities.values,
    };
    this.answer.show(this.scene);
    this.bench.showImage(this.scene, this.answer.headline(this.scene));
  }

  // Keep unit, row and column within the layer; begin in its middle.
  #fit() {
    const { shape: sides } = this.layer;
    const [count, rows = 0, columns = 0] = sides;
    const clip = (x, size) => Math.min(Math.max(x ?? 0, 0), size - 1);
    this.state.unit = clip(this.state.unit, count);
    if (sides.length === 1) {
      this.state.row = -1;
      this.state.column = -1;
      return;
    }
    const { row, column } = this.state;
    this.state.row = row < 0 || row === undefined ? Math.floor(rows / 2) : clip(row, rows);
    this.state.column = column < 0 || column === undefined ? Math.floor(columns / 2) : clip(column, columns);
  }

  openLayer(name) {
    this.bench.pause();
    const before = this.layer;
    const after = this.scene.byName.get(name);
    if (before && after && before.shape.length === 3 && after.shape.length === 3 && before.name !== name) {
      // look at the same part of the image
      this.state.row = Math.floor(((this.state.row + 0.5) * after.shape[1]) / before.shape[1]);
      this.state.column = Math.floor(((this.state.column + 0.5) * after.shape[2]) / before.shape[2]);
    }
    return this.open({ layer: name, row: this.frozen ? this.state.row : -1, column: this.frozen ? this.state.column : -1 });
  }

  openUnit(unit) {
    this.state.unit = unit;
    this.#fit();
    return this.#showUnit();
  }

  go(layer, unit, row, column) {
    this.keepFocusHere();
    return this.open({ layer, unit, row, column });
  }

  keepFocusHere() {
    this.bench.channel = null;
  }

  async #showLayer() {
    const { layer, scene } = this;
    this.strip.mark(layer.name);
    this.gallery.show(layer, scene.note);
    this.bench.showLayer(layer, scene);
    const at = scene.layers.indexOf(layer);
    const sources = layer.sources.filter((each) => each && each !== scene.layers[at - 1]?.name);
    this.facts.replaceChildren(make("h2", {}, layer.name === "input" ? words.input : layer.name), make("code", {}, layer.text),
      make("span", { class: "soft" }, [shape(layer.shape), layer.formulas.output, layer.formulas.parameters].filter(Boolean).join(" · ")),
      make("span", { class: "soft" }, words.layer(at, scene.layers.length - 1)),
      ...(sources.length ? [make("span", { class: "soft" }, words.from(layer.sources.join(", ")))] : []),
      untrained(scene.note));
    await this.#showUnit();
  }

  async #showUnit() {
    const { layer, unit } = this.state;
    this.gallery.mark(unit);
    this.unit.show(this.layer, unit, this.scene.note);
    try {
      const found = await this.ask({ kind: "map", layer, source: -1, unit });
      if (found && layer === this.state.layer && unit === this.state.unit) this.bench.showOutput(found, this.layer, unit);
      await this.#showCell();
    } catch (error) {
      tell(error.message, { error: true });
    }
  }

  // Show the number at the place of the state.
  async #showCell() {
    const { layer, unit, row, column } = this.state;
    const here = () => layer === this.state.layer && unit === this.state.unit && row === this.state.row && column === this.state.column;
    this.bench.markOutput(this.state, this.frozen);
    this.frame.shown(this.state);
    writePlace(this.frozen ? this.state : { ...this.state, row: undefined, column: undefined });
    const place = { layer, unit, row, column };
    const summed = this.ask({ kind: "cell", ...place });
    this.ask({ kind: "sight", ...place }).then((found) => { if (found && here()) this.bench.showSight(found.box, this.scene); }, () => {});
    try {
      const found = await summed;
      if (!found || !here()) return;
      this.arithmetic.show({ ...found, place: [unit, row, column] }, this.scene);
      await this.bench.showTerms(found, this.layer, this.scene, (question) => this.ask(question));
      const value = found.input ? found.input.value : found.steps[0].network_value;
      const text = words.cell(layer, unit, row, column, show(value)) + this.#className(layer, unit);
      this.bench.tellCell(text, this.frozen);
      if (this.frozen) speak(text);
    } catch (error) {
      this.arithmetic.fail(error.message);
    }
    const last = this.scene.layers.at(-1);
    this.answer.mark(this.layer.shape.length === 1 && this.layer.shape[0] === last.shape[0] ? unit : -1);
  }

  // The class that a number of the last layer stands for.
  #className(layer, unit) {
    return this.scene.isLogits(layer) ? ` (${this.scene.classes[unit]})` : "";
  }

  // The pointer is over a cell of the output.
  point(row, column) {
    if (this.frozen || this.bench.playing) return;
    this.place(row, column);
  }

  pick(row, column) {
    this.bench.pause();
    const same = row === this.state.row && column === this.state.column;
    this.frozen = !(this.frozen && same);
    this.place(row, column);
  }

  place(row, column) {
    const layer = this.layer;
    if (layer.shape.length === 1) {
      const across = this.bench.columns;
      const unit = row * across + column;
      if (unit >= layer.shape[0]) return;
      this.state.unit = unit;
      this.unit.show(layer, unit, this.scene.note);
      this.#showCell();
      return;
    }
    this.state.row = row;
    this.state.column = column;
    this.#showCell();
  }

  keep(on) {
    this.frozen = on;
    this.#showCell();
  }

  // The next number, row by row; from the last on to the first.
  step(by) {
    const { shape: sides } = this.layer;
    if (sides.length === 1) {
      const unit = (this.state.unit + by + sides[0]) % sides[0];
      this.place(Math.floor(unit / this.bench.columns), unit % this.bench.columns);
      return;
    }
    const [, rows, columns] = sides;
    const at = (this.state.row * columns + this.state.column + by + rows * columns) % (rows * columns);
    this.place(Math.floor(at / columns), at % columns);
  }

  move(down, across) {
    const { shape: sides } = this.layer;
    if (sides.length === 1) {
      this.step(down * this.bench.columns + across);
      return;
    }
    this.frozen = true;
    this.place(Math.min(Math.max(this.state.row + down, 0), sides[1] - 1), Math.min(Math.max(this.state.column + across, 0), sides[2] - 1));
  }

  nextUnit(by) {
    const count = this.layer.shape[0];
    if (this.layer.shape.length === 1) this.step(by);
    else this.openUnit(Math.min(Math.max(this.state.unit + by, 0), count - 1));
  }

  nextLayer(by) {
    const at = this.scene.layers.indexOf(this.layer) + by;
    if (at >= 0 && at < this.scene.layers.length) this.openLayer(this.scene.layers[at].name);
  }

  #openChannel(unit) {
    this.bench.channel = unit;
    this.#showCell();
  }

  #light(unit) {
    this.answer.mark(unit);
    const last = this.scene.layers.at(-1);
    if (this.layer === last && unit >= 0) this.bench.markUnit(unit);
    else this.bench.markOutput(this.state, this.frozen);
  }

  #choose(unit) {
    this.walk.show(unit, this.scene.classes[unit], this.scene.note);
    const last = this.scene.layers.findLast((each) => each.shape.length === 1 && each.shape[0] === this.scene.logits.length);
    if (last) this.go(last.name, unit, -1, -1);
  }

  async toggleCamera() {
    if (this.camera.on) {
      const still = this.still ?? "drawn/house";
      this.#stopCamera();
      await this.open({ image: still });
      return;
    }
    this.still = this.state.image;
    try {
      await this.camera.start();
    } catch (error) {
      tell(words.cameraOff(error.name === "Error" ? error.message : error.name), { error: true });
      await this.open({ image: "photographs/flower" }) || await this.open({ image: "drawn/house" });
      return;
    }
    this.#watch();
  }

  #stopCamera() {
    if (!this.camera.on) return;
    this.camera.stop();
    tell("");
  }

  freezeCamera() {
    if (!this.camera.on) return;
    this.camera.frozen = !this.camera.frozen;
    if (this.camera.frozen) tell(words.cameraFrozen);
  }

  // Picture after picture, as long as the camera is on.
  async #watch() {
    const times = [];
    let first = true;
    while (this.camera.on) {
      if (this.camera.frozen) { await new Promise((done) => setTimeout(done, 100)); continue; }
      try {
        const seen = await this.camera.see(this.state.network);
        if (!seen || !this.camera.on) continue;
        if (first) await this.open({ image: "camera" });
        else this.#refresh(seen);
        first = false;
      } catch (error) {
        this.#stopCamera();
        tell(error.message, { error: true });
        return;
      }
      times.push(performance.now());
      if (times.length > 10) times.shift();
      if (times.length > 2 && !this.camera.frozen) tell(words.cameraLive(((times.length - 1) * 1000 / (times.at(-1) - times[0])).toFixed(1)));
    }
  }

  #refresh({ answer, arrays }) {
    const { logits, probabilities, pixels } = arrays;
    const top = Math.max(...logits.values);
    const powers = logits.values.map((each) => Math.exp((each - top) / this.scene.temperature));
    this.scene = { ...this.scene, answer, pixels, logits: logits.values, powers, probabilities: probabilities.values };
    this.answer.show(this.scene);
    this.bench.showImage(this.scene, this.answer.headline(this.scene));
    this.strip.refresh(this.scene);
    this.gallery.refresh();
    this.#showUnit();
  }

  keydown(event) {
    return takeKey(this, this.frame, event);
  }

  leave() {
    this.bench.pause();
    this.#stopCamera();
  }

  repaint() {
    if (!this.scene) return;
    this.strip.repaint();
    this.gallery.refresh();
    this.bench.repaint();
  }
}
