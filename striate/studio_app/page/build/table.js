// The layer table: what each layer gives, learns, multiplies and sees, with the sums they come from.

import { arrange, make } from "../dom.js";
import { shape } from "../numbers.js";
import { words } from "../words.js";

const said = words.build.table;

export const count = (x) => x.toLocaleString("en-US");
export const side = (x) => (Array.isArray(x) ? x.join(" × ") : String(x));

// "3*3*16*32 + 32 = 4,640" with the signs of a printed page.
export const sum = (text) => text.replaceAll("*", "·").replaceAll(" - ", " − ");
// The same without what it comes to, which stands above it already.
const left = (text) => sum(text ?? "").split(" = ")[0];

export class LayerTable {
  #rows = new Map(); // elements by what they show
  #open = new Set(); // repeats that are shown, by name

  constructor({ choose }) {
    this.choose = choose;
    this.body = make("tbody");
    this.total = make("tr");
    this.element = make("section", { class: "layers" }, make("h2", {}, said.title),
      make("div", { class: "scroll", tabIndex: 0, role: "region", "aria-label": said.title },
        make("table", {}, make("thead", {}, make("tr", {}, ...said.columns.map((each) => make("th", { scope: "col" }, each)))), this.body, make("tfoot", {}, this.total))));
  }

  show(found) {
    this.found = found;
    const { rows, repeats } = found;
    const kept = new Map();
    const shown = [];
    const element = (key, make_) => {
      const used = this.#rows.get(key)?.pop() ?? make_();
      if (!kept.has(key)) kept.set(key, []);
      kept.get(key).push(used);
      shown.push(used);
    };
    let at = 0;
    for (const repeat of [...repeats, null]) {
      const end = repeat ? repeat.at : rows.length;
      for (const row of rows.slice(at, end)) element(JSON.stringify(row), () => this.#row(row));
      if (!repeat) break;
      at = repeat.at + repeat.count;
      const own = rows.slice(repeat.at, at);
      const open = this.#open.has(repeat.name);
      element(`${JSON.stringify(repeat)} ${open}`, () => this.#repeat(repeat, own, open));
      if (open) for (const row of own) element(JSON.stringify(row), () => this.#row(row));
    }
    this.#rows = kept;
    arrange(this.body, shown);
    this.total.replaceChildren(make("th", { scope: "row" }, said.total), make("td", {}, said.layers(rows.length)), make("td"),
      ...[count(found.parameters), count(found.macs), side(found.receptive_field)].map((each, at) => make("td", { "data-label": said.columns[3 + at] }, make("span", {}, each))));
    this.mark(this.marked);
  }

  mark(layer) {
    this.marked = layer;
    for (const row of this.body.children) row.classList.toggle("lit", row.dataset.layer === layer);
  }

  #row(row) {
    const { name, text, output, parameters, macs, receptive_field: seen, formulas } = row;
    const cell = (label, value, formula) => make("td", { "data-label": label }, make("span", {}, value), formula ? make("small", {}, formula) : null);
    const element = make("tr", { onclick: () => this.choose(name) },
      make("th", { scope: "row" }, make("button", { class: "plain" }, name)), make("td", { class: "what" }, make("code", {}, text)),
      cell(said.columns[2], shape(output), sum(formulas.output ?? "")),
      cell(said.columns[3], parameters ? count(parameters) : "", left(formulas.parameters)),
      cell(said.columns[4], macs ? count(macs) : "", left(formulas.macs)),
      cell(said.columns[5], side(seen), left(formulas.receptive_field)));
    element.dataset.layer = name;
    return element;
  }

  #repeat(repeat, own, open) {
    const total = (key) => own.reduce((sum_, row) => sum_ + row[key], 0);
    const turn = () => {
      if (open) this.#open.delete(repeat.name);
      else this.#open.add(repeat.name);
      this.show(this.found);
    };
    const [parameters, macs] = [total("parameters"), total("macs")];
    return make("tr", { class: "repeat", onclick: turn },
      make("th", { scope: "row" }, make("button", { class: "plain", "aria-expanded": String(open) }, repeat.name)), make("td", { class: "what" }, repeat.text),
      make("td"), make("td", { "data-label": said.columns[3] }, parameters ? count(parameters) : ""), make("td", { "data-label": said.columns[4] }, macs ? count(macs) : ""),
      make("td", { "data-label": said.columns[5] }, side(own.at(-1).receptive_field)));
  }
}
