// The strip of layers: what each makes of the image, small; a click opens it.

import { make } from "../dom.js";
import { mapCanvas, pixelCanvas, shape } from "../numbers.js";
import { words } from "../words.js";

const MINIS = 4;
const SIDE = 24;

export class Strip {
  #scene = null;
  #buttons = new Map();
  #seen = null;

  constructor(ask, onopen) {
    this.ask = ask;
    this.onopen = onopen;
    this.element = make("ol", { class: "strip", "aria-label": words.strip });
  }

  show(scene) {
    this.#scene = scene;
    this.#seen?.disconnect();
    this.#seen = new IntersectionObserver((entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        this.#seen.unobserve(target);
        this.#fill(target);
      }
    }, { root: this.element, rootMargin: "0px 400px" });
    this.#buttons.clear();
    const items = scene.layers.map((layer, at) => {
      const button = make("button", {
        class: "layer", title: layer.text, "aria-pressed": "false",
        onclick: () => this.onopen(layer.name),
      }, make("span", {}, layer.name.split(".").slice(0, -1).join(".")), make("b", {}, layer.name === "input" ? words.input : layer.name.split(".").at(-1)),
      make("span", {}, shape(layer.shape)), make("div", { class: "minis" }));
      button.setAttribute("aria-label", `${layer.name}, ${shape(layer.shape)}`);
      button.dataset.layer = layer.name;
      button.dataset.at = at;
      this.#buttons.set(layer.name, button);
      this.#seen.observe(button);
      return make("li", {}, button);
    });
    this.element.replaceChildren(...items);
  }

  // The same layers with other numbers, as with each picture of the camera.
  refresh(scene) {
    this.#scene = scene;
    const [left, right] = [this.element.scrollLeft - 100, this.element.scrollLeft + this.element.clientWidth + 100];
    for (const button of this.#buttons.values()) {
      if (button.offsetLeft > left && button.offsetLeft < right) this.#fill(button);
      else this.#seen.observe(button);
    }
  }

  mark(name) {
    for (const [own, button] of this.#buttons) button.setAttribute("aria-pressed", String(own === name));
    const button = this.#buttons.get(name);
    if (!button) return;
    const { offsetLeft, offsetWidth } = button;
    const { scrollLeft, clientWidth } = this.element;
    const from = offsetLeft - this.element.offsetLeft;
    if (from < scrollLeft || from + offsetWidth > scrollLeft + clientWidth) {
      this.element.scrollLeft = from - clientWidth / 2 + offsetWidth / 2;
    }
  }

  repaint() {
    for (const button of this.#buttons.values()) this.#seen.observe(button);
  }

  async #fill(button) {
    const scene = this.#scene;
    const layer = scene.byName.get(button.dataset.layer);
    const holder = button.querySelector(".minis");
    if (layer.name === "input") {
      const { values, shape: [rows, columns, channels] } = scene.pixels;
      holder.className = "minis one";
      holder.replaceChildren(pixelCanvas(values, rows, columns, channels));
      return;
    }
    const found = await this.ask({ kind: "overview", layer: layer.name, count: layer.shape.length === 1 ? 64 : MINIS, side: SIDE });
    if (!found || scene !== this.#scene) return;
    const { values, shape: [count, rows, columns] } = found.arrays.maps;
    if (layer.shape.length === 1) {
      const across = Math.ceil(Math.sqrt(count));
      const laid = new Float32Array(across * Math.ceil(count / across)).fill(NaN);
      laid.set(values);
      holder.className = "minis one";
      holder.replaceChildren(mapCanvas(laid, laid.length / across, across, found.reach));
      return;
    }
    const size = rows * columns;
    holder.className = count === 1 ? "minis one" : "minis";
    holder.replaceChildren(...Array.from({ length: count }, (_, at) =>
      mapCanvas(values.subarray(at * size, (at + 1) * size), rows, columns, found.reach)));
  }
}
