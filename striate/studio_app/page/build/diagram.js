// The architecture diagram, drawn by Python; a frame unfolds what it repeats, a box chooses its layer.

import { make } from "../dom.js";
import { wire } from "../wire.js";
import { words } from "../words.js";

const said = words.build.diagram;

export class DiagramPanel {
  #unfolded = [];
  #text = "";

  constructor({ choose }) {
    this.choose = choose;
    this.holder = make("div", { class: "drawing", tabIndex: 0, role: "region", "aria-label": said.title });
    this.foldButton = make("button", { hidden: true, onclick: () => { this.#unfolded = []; this.#ask(); } }, said.fold);
    this.hint = make("span", { class: "soft" });
    this.element = make("section", { class: "diagram" }, make("div", { class: "headline" }, make("h2", {}, said.title), this.hint, this.foldButton), this.holder);
    let before = 0;
    new ResizeObserver(() => {
      const { clientWidth } = this.holder;
      if (Math.abs(clientWidth - before) > 24) { before = clientWidth; this.#ask(); }
    }).observe(this.holder);
  }

  show(text) {
    this.#text = text;
    return this.#ask();
  }

  async #ask() {
    if (!this.#text || !this.holder.clientWidth) return;
    const width = Math.max(340, Math.min(4000, Math.round(this.holder.clientWidth - 4)));
    try {
      const found = await wire.ask({ kind: "diagram", text: this.#text, width, unfolded: this.#unfolded });
      if (found) this.#paint(found.svg);
    } catch { /* what is wrong with the text, the editor says */ }
  }

  #paint(svg) {
    // attributes of style are no script's to set, so they go by the elements themselves
    const read = new DOMParser().parseFromString(svg.replaceAll(" style=\"", " data-style=\""), "image/svg+xml");
    const drawn = document.importNode(read.documentElement, true);
    for (const each of drawn.querySelectorAll("[data-style]")) {
      each.style.cssText = each.dataset.style;
      each.removeAttribute("data-style");
    }
    drawn.setAttribute("role", "group"); // what is in it can be used
    const frames = [...drawn.querySelectorAll("[data-repeat]")];
    for (const frame of frames) {
      const open = () => { this.#unfolded.push(frame.dataset.repeat); this.#ask(); };
      frame.setAttribute("tabindex", "0");
      frame.setAttribute("role", "button");
      frame.setAttribute("aria-label", said.unfold(frame.dataset.repeat.replace("*", " × ")));
      frame.addEventListener("click", open);
      frame.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); open(); } });
    }
    for (const box of drawn.querySelectorAll("[data-layer]")) box.addEventListener("click", () => this.choose(box.dataset.layer));
    this.hint.textContent = frames.length ? said.hint : "";
    this.foldButton.hidden = !this.#unfolded.length;
    this.holder.replaceChildren(drawn);
  }
}
