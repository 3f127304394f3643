// All maps of a layer; they are asked for as they come into view.

import { make } from "../dom.js";
import { mapCanvas } from "../numbers.js";
import { headed } from "../untrained.js";
import { words } from "../words.js";

const SIDE = 56;
const AT_ONCE = 32;

export class Gallery {
  #layer = null;
  #buttons = [];
  #seen = null;
  #turn = 0;

  constructor(ask, onpick) {
    this.ask = ask;
    this.onpick = onpick;
    this.title = make("h2");
    this.maps = make("div", { class: "maps" });
    this.element = make("section", { class: "panel all" }, this.title, this.maps);
  }

  // note: what must be known beside every map.
  show(layer, note) {
    this.#layer = layer;
    this.#seen?.disconnect();
    this.#turn += 1;
    if (layer.shape.length === 1) {
      this.title.textContent = "";
      this.#buttons = [];
      this.maps.replaceChildren(make("p", { class: "soft" }, words.galleryFeatures));
      return;
    }
    const [count, rows, columns] = layer.shape;
    this.title.replaceChildren(...headed(count === 1 ? words.galleryOne : words.gallery(count), note));
    this.maps.style.setProperty("--aspect", String(columns / rows));
    this.#buttons = Array.from({ length: count }, (_, unit) => {
      const button = make("button", {
        "aria-pressed": "false", "aria-label": words.map(unit), onclick: () => this.onpick(unit),
      }, make("canvas"), make("span", {}, String(unit)));
      button.dataset.unit = unit;
      return button;
    });
    this.maps.replaceChildren(...this.#buttons);
    this.maps.scrollTop = 0;
    this.refresh();
  }

  // Ask for what is in view, and for the rest once it is.
  refresh() {
    if (!this.#layer || this.#layer.shape.length === 1) return;
    this.#seen?.disconnect();
    const blocks = new Set();
    const turn = this.#turn;
    this.#seen = new IntersectionObserver((entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        const block = Math.floor(Number(target.dataset.unit) / AT_ONCE);
        if (blocks.has(block)) continue;
        blocks.add(block);
        this.#fill(block * AT_ONCE, turn);
      }
    }, { root: this.maps, rootMargin: "150px 0px" });
    for (const button of this.#buttons) this.#seen.observe(button);
  }

  mark(unit) {
    this.#buttons.forEach((button, own) => button.setAttribute("aria-pressed", String(own === unit)));
    const button = this.#buttons[unit];
    if (!button) return;
    const top = button.offsetTop - this.maps.offsetTop;
    if (top < this.maps.scrollTop || top + button.offsetHeight > this.maps.scrollTop + this.maps.clientHeight) {
      this.maps.scrollTop = top - this.maps.clientHeight / 2;
    }
  }

  // How many maps stand in a row.
  get across() {
    const first = this.#buttons[0];
    if (!first) return 1;
    const next = this.#buttons.findIndex((button) => button.offsetTop !== first.offsetTop);
    return next < 0 ? this.#buttons.length : next;
  }

  async #fill(first, turn) {
    const layer = this.#layer;
    const found = await this.ask({ kind: "maps", layer: layer.name, first, count: AT_ONCE, side: SIDE });
    if (!found || turn !== this.#turn) return;
    const { values, shape: [count, rows, columns] } = found.arrays.maps;
    const size = rows * columns;
    for (let at = 0; at < count; at += 1) {
      const drawn = mapCanvas(values.subarray(at * size, (at + 1) * size), rows, columns, found.reach);
      this.#buttons[first + at]?.querySelector("canvas").replaceWith(drawn);
    }
  }
}
