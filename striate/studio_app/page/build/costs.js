// What a network costs: numbers it learns, multiplications, memory, and time on this machine.

import { make, tell } from "../dom.js";
import { wire } from "../wire.js";
import { words } from "../words.js";
import { count, side } from "./table.js";

const said = words.build.costs;

export function bytes(size) {
  const at = size > 0 ? Math.min(3, Math.floor(Math.log10(size) / 3)) : 0;
  const shown = size / 1000 ** at;
  return `${shown >= 100 || at === 0 ? Math.round(shown) : shown.toFixed(1)} ${["B", "kB", "MB", "GB"][at]}`;
}

export function duration(seconds) {
  if (seconds < 1) return said.milliseconds(Number((seconds * 1000).toPrecision(2)));
  if (seconds < 90) return said.seconds(Number(seconds.toPrecision(2)));
  if (seconds < 5400) return said.minutes(Math.round(seconds / 60));
  return said.hours(Number((seconds / 3600).toPrecision(2)));
}

export class Costs {
  #peak = 0; // operations a second that this machine does at best
  #timed = null; // {text, seconds an image, operations an image}

  constructor({ choose }) {
    this.tiles = {};
    const tile = (name) => {
      this.tiles[name] = { value: make("b"), note: make("small") };
      return make("div", { class: "tile", "data-tile": name }, make("span", {}, said[name]), this.tiles[name].value, this.tiles[name].note);
    };
    this.images = make("input", { type: "number", min: 1, max: 100_000_000, value: 10_000, "aria-label": said.images, oninput: () => this.#time() });
    this.button = make("button", { onclick: () => this.#measure() }, said.measure);
    const time = tile("time");
    time.firstChild.replaceChildren(said.epoch, this.images, said.ofImages);
    time.append(this.button);
    this.choose = choose;
    this.warnings = make("ul", { class: "warnings" });
    this.notes = make("ul", { class: "warnings" });
    this.folded = make("details", {}, make("summary", { class: "soft" }), this.notes);
    this.element = make("section", { class: "costs", "aria-label": said.title }, make("div", { class: "tiles" }, tile("parameters"), tile("macs"), tile("memory"), tile("sees"), time), this.warnings, this.folded);
  }

  async begin() {
    if (this.#peak) return;
    const found = await wire.ask({ kind: "speed" }).catch(() => null);
    if (found) this.#peak = found.peak;
    this.#time();
  }

  show(text, found) {
    this.text = text;
    this.found = found;
    const { parameters, macs, backward_macs: backward, memory, machine_memory: machine, batch, receptive_field: seen, input } = found;
    this.#set("parameters", count(parameters), said.weights(bytes(4 * parameters)));
    this.#set("macs", count(macs), macs ? said.backward((backward / macs).toFixed(2)) : "");
    this.#set("memory", bytes(memory), said.batch(batch, machine ? bytes(machine) : ""));
    this.#set("sees", said.pixels(side(seen)), said.of(input.slice(1).join(" × ")));
    this.tiles.memory.value.parentNode.classList.toggle("wrong", machine > 0 && memory > machine);
    const tellAll = (level) => found.warnings.filter((each) => each.level === level).map(({ layer, layers, what, why, cure }) => make("li", { class: level },
      make("button", { class: "plain", onclick: () => this.choose(layer) }, layer), layers.length > 1 ? said.others(layers.length - 1) : "", ` ${what}; ${why}. `, make("b", {}, cure)));
    this.warnings.replaceChildren(...tellAll("warning"));
    this.notes.replaceChildren(...tellAll("note"));
    this.folded.hidden = !this.notes.children.length;
    this.folded.firstChild.textContent = said.notes(this.notes.children.length);
    this.#time();
  }

  #set(name, value, note) {
    const tile = this.tiles[name];
    if (tile.value.textContent !== value) tile.value.textContent = value;
    if (tile.note.textContent !== note) tile.note.textContent = note;
  }

  #time() {
    if (!this.found) return;
    const images = Math.max(1, Number(this.images.value) || 1);
    const operations = 2 * (this.found.macs + this.found.backward_macs);
    const timed = this.#timed;
    if (timed?.text === this.text) this.#set("time", said.about(duration(timed.seconds * images)), said.measured(timed.batch, this.#share(timed)));
    else if (timed) this.#set("time", said.about(duration((timed.seconds * images * operations) / Math.max(1, timed.operations))), said.scaled);
    else if (this.#peak) this.#set("time", said.least(duration((operations * images) / this.#peak)), said.bound((this.#peak / 1e9).toFixed(0)));
    else this.#set("time", words.waiting, "");
  }

  #share({ operations, seconds }) {
    const share = operations / seconds / this.#peak;
    return share > 0 && share <= 1 ? said.share(Math.max(1, Math.round(100 * share))) : "";
  }

  async #measure() {
    const { text } = this;
    this.button.disabled = true;
    this.button.textContent = said.measuring;
    try {
      const found = await wire.ask({ kind: "timing", text });
      if (found) this.#timed = { text, seconds: found.seconds, batch: found.batch, operations: found.operations };
      this.#time();
    } catch (error) {
      tell(error.message, { error: true });
    }
    this.button.disabled = false;
    this.button.textContent = said.measure;
  }
}
