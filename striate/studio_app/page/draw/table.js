// The numbers of one map as a table, for keyboard and screen reader: the same as in the pictures.

import { make } from "../dom.js";
import { brief } from "../numbers.js";
import { words } from "../words.js";

const said = words.draw;
const ROW = 16; // features a row

export class Table {
  #levels = null;
  #key = "";
  #cells = [];

  constructor({ pick }) {
    this.pick = pick;
    this.level = make("select", { "aria-label": said.level, onchange: () => this.#choose(0) });
    this.map = make("select", { "aria-label": said.map, onchange: () => this.#choose(Number(this.map.value)) });
    this.note = make("span", { class: "soft" });
    this.body = make("div", { class: "scroll" });
    this.element = make("details", { class: "values" }, make("summary", {}, said.table), make("div", { class: "controls" }, make("label", {}, said.level, " ", this.level), make("label", {}, said.map, " ", this.map), this.note), this.body);
    this.element.addEventListener("toggle", () => this.#fill());
    this.body.addEventListener("keydown", (event) => this.#move(event));
  }

  show(levels, isNew) {
    this.#levels = levels;
    if (isNew) {
      this.level.replaceChildren(...levels.list.map((each) => make("option", { value: each.at }, `${each.title}, ${said.shape(each)}`)));
      this.#choose(0);
    } else this.#fill();
  }

  // The node that is shown elsewhere.
  mark(node) {
    if (!node || !this.element.open || this.body.contains(document.activeElement)) return;
    this.level.value = String(node.level.at);
    this.#choose(node.level.isMaps ? node.unit : 0);
  }

  #choose(unit) {
    const level = this.#levels?.list[Number(this.level.value)];
    if (!level) return;
    const maps = level.isMaps ? level.shown : 1;
    if (this.map.options.length !== maps || this.map.dataset.level !== level.name) {
      this.map.replaceChildren(...Array.from({ length: maps }, (_, at) => make("option", { value: at }, level.isMaps ? String(at) : said.all)));
      this.map.dataset.level = level.name;
    }
    this.map.value = String(unit);
    this.#fill();
  }

  #fill() {
    if (!this.element.open || !this.#levels) return;
    const level = this.#levels.list[Number(this.level.value)];
    const unit = Number(this.map.value);
    const columns = level.isMaps ? level.wide : Math.min(ROW, level.shown);
    const count = level.isMaps ? level.high * level.wide : level.shown;
    const key = `${level.name} ${unit} ${count}`;
    if (key !== this.#key) {
      this.#key = key;
      this.#cells = Array.from({ length: count }, (_, at) => make("td", { tabIndex: at ? -1 : 0, onclick: () => this.#go(at) }));
      const rows = Array.from({ length: Math.ceil(count / columns) }, (_, row) => make("tr", {}, make("th", { scope: "row" }, String(level.isMaps ? row : row * columns)), ...this.#cells.slice(row * columns, (row + 1) * columns)));
      const head = make("tr", {}, make("td"), ...Array.from({ length: columns }, (_, at) => make("th", { scope: "col" }, String(at))));
      this.body.replaceChildren(make("table", { class: "cells" }, make("caption", {}, level.isMaps ? said.mapOf(level.title, unit) : level.title), make("thead", {}, head), make("tbody", {}, ...rows)));
      this.columns = columns;
    }
    const first = level.isMaps ? unit * count : 0;
    this.#cells.forEach((cell, at) => {
      const x = level.values[first + at];
      cell.textContent = level.classes ? `${level.classes[at]}: ${brief(x)}` : brief(x);
      cell.className = x > 0 ? "up" : x < 0 ? "down" : "";
      cell.style.setProperty("--p", String(Math.min(1, Math.abs(x) / level.reach)));
    });
    this.note.textContent = level.isMaps && level.high < level.shape[1] ? said.averaged : "";
  }

  #go(at) {
    for (const cell of this.#cells) cell.tabIndex = -1;
    const cell = this.#cells[at];
    cell.tabIndex = 0;
    cell.focus();
    const level = this.#levels.list[Number(this.level.value)];
    this.pick(level, level.isMaps ? { unit: Number(this.map.value), row: Math.floor(at / this.columns), column: at % this.columns } : { unit: at, row: 0, column: 0 });
  }

  #move(event) {
    const at = this.#cells.indexOf(event.target);
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.columns, ArrowDown: this.columns }[event.key];
    if (at < 0 || !by) return;
    event.preventDefault();
    event.stopPropagation();
    if (this.#cells[at + by]) this.#go(at + by);
  }
}
