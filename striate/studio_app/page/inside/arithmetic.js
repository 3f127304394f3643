// How one number comes about, written out: patch times kernel for every channel, bias,
// normalisation, activation. All numbers come from Python; here they are laid out.

import { make } from "../dom.js";
import { show, signed } from "../numbers.js";
import { words } from "../words.js";

const CARDS = 8; // channels shown at first
const ROWS = 12; // of a list
const MORE = { cards: 64, rows: 1000 }; // at once
const said = words.sum;

// The terms of a step, channel by channel: what lies under the kernel of each.
function channelsOf(step, arrays, at) {
  const read = (name) => arrays[`${at}.${name}`].values;
  const [source, unit, row, column] = ["source", "unit", "row", "column"].map(read);
  const [value, weight, product] = ["value", "weight", "product"].map(read);
  const padding = arrays[`${at}.padding`]?.values;
  const found = new Map();
  for (let i = 0; i < unit.length; i += 1) {
    const key = `${source[i]}:${unit[i]}`;
    if (!found.has(key)) found.set(key, { source: source[i], unit: unit[i], features: step.features, terms: [], sum: 0 });
    const channel = found.get(key);
    channel.terms.push({ row: row[i], column: column[i], value: value[i], weight: weight[i], product: product[i], unit: unit[i], source: source[i], features: step.features, pad: Boolean(padding?.[i]) });
    channel.sum += product[i];
  }
  return [...found.values()];
}

export class Arithmetic {
  // go(layer, unit, row, column): follow a term down; point(source, terms): light a term's place.
  constructor({ go, point }) {
    this.go = go;
    this.point = point;
    this.stages = make("div");
    this.element = make("section", { class: "sum" }, make("h2", {}, said.title), this.stages);
    this.all = new Set(); // layers whose channels are all shown
  }

  show(answer, scene) {
    this.scene = scene;
    if (answer.input) {
      this.stages.replaceChildren(this.#pixel(answer));
      return;
    }
    this.stages.replaceChildren(...answer.steps.map((step, at) => this.#stage(step, answer.arrays, at)));
  }

  fail(text) {
    this.stages.replaceChildren(make("p", { class: "error" }, text));
  }

  #pixel({ input, place }) {
    const { pixel, mean, std, value } = input;
    return make("div", { class: "stage" },
      make("h3", {}, said.input(...place), make("output", {}, show(value))),
      make("p", { class: "line bare" }, `(${pixel} / 255 − ${show(mean)}) / ${show(std)} = `, make("b", {}, show(value))),
      make("p", { class: "check" }, said.inputFormula));
  }

  #stage(step, arrays, at) {
    const channels = channelsOf(step, arrays, at);
    const stage = make("div", { class: "stage" },
      make("h3", {}, said.place(step.layer, step.kind, step.unit, step.row, step.column) + this.#className(step), make("output", {}, show(step.value))));
    stage.dataset.layer = step.layer;
    stage.append(...this.#body(step, channels), this.#check(step));
    return stage;
  }

  #className(step) {
    return this.scene.isLogits(step.layer) ? `: ${this.scene.classes[step.unit]}` : "";
  }

  #body(step, channels) {
    const terms = channels.flatMap((each) => each.terms);
    if (step.function === "softmax") return [this.#softmax(step, terms)];
    if ("variance" in step.facts) return [this.#normalised(step, terms[0])];
    if ("factor" in step.facts) {
      const { value } = terms[0];
      return [this.#line(`${show(value)} ×`, this.#under(show(step.facts.factor), said.factor), "=", show(step.value))];
    }
    if (step.function === "lrn") {
      const squares = Object.entries(step.facts).find(([name]) => name !== "divisor")[1];
      return [this.#line(`${show(terms[0].value)} / ${show(step.facts.divisor)} =`, show(step.value)),
        make("p", { class: "check" }, said.squares(show(squares)))];
    }
    if (step.function === "the largest") return this.#largest(step, channels);
    if (terms.length === 1 && !step.bias && terms[0].weight === 1) return [this.#single(step, terms[0])];
    if (channels.every((each) => each.terms.length === 1 && each.terms[0].weight === 1) && !step.bias) return [this.#added(step, channels)];
    if (step.features) return [this.#list(step, terms), this.#total(step, terms.length)];
    return [this.#cards(step, channels), this.#total(step, terms.length)];
  }

  #line(...parts) {
    const last = parts.length - 1;
    return make("p", { class: "line bare" }, ...parts.map((part, at) => (at === last ? make("b", {}, part) : part)));
  }

  #under(text, label) {
    return make("span", { class: "of" }, make("span", {}, text), make("small", {}, label));
  }

  #single(step, term) {
    if (step.function) {
      const formula = words.functions[step.function];
      return make("p", { class: "line bare" }, `${step.function}(${show(term.value)}) = `, make("b", {}, show(step.value)), formula ? make("small", {}, `${step.function}(x) = ${formula}`) : "");
    }
    const source = this.#source(step, term.source);
    return make("p", { class: "line bare" }, `${show(term.value)} = `, make("b", {}, show(step.value)), this.#link(said.asItIs(term.unit, this.#named(source)), source, term));
  }

  #normalised(step, term) {
    const { mean, variance, eps, scale, shift } = step.facts;
    return make("p", { class: "line bare" },
      `(${show(term.value)} −`, this.#under(show(mean), said.mean), ") / √(", this.#under(show(variance), said.variance), "+", this.#under(show(eps), "eps"), ") ×",
      this.#under(show(scale), said.scale), "+", this.#under(show(shift), said.shift), "=", make("b", {}, show(step.value)));
  }

  #added(step, channels) {
    const parts = channels.flatMap((each, at) => {
      const source = this.#source(step, each.source);
      return [at ? "+" : "", this.#under(show(each.terms[0].value), said.branch(each.source + 1, this.#named(source)))];
    });
    return make("div", {}, make("p", { class: "check" }, said.together), this.#line(...parts, "=", show(step.value)));
  }

  #softmax(step, terms) {
    const top = step.facts.largest;
    const own = terms.find((each) => each.unit === step.unit);
    const body = terms.toSorted((a, b) => b.value - a.value).slice(0, ROWS).map((each) =>
      make("tr", { class: each === own ? "lit" : "" }, make("td", {}, String(each.unit)), make("td", {}, show(each.value)), make("td", {}, show(Math.exp(each.value - top)))));
    return make("div", { class: "scroll" },
      make("table", { class: "listed" }, make("thead", {}, make("tr", {}, make("th", {}, said.feature), make("th", {}, said.value), make("th", {}, "exp(x − max)"))), make("tbody", {}, ...body)),
      this.#line(`${show(Math.exp(own.value - top))} / ${show(step.facts["sum of exponentials"])} =`, show(step.value)));
  }

  #largest(step, [channel]) {
    const won = channel.terms.find((each) => each.weight !== 0);
    const source = this.#source(step, channel.source);
    const ties = step.facts.winners > 1 ? ` (${said.ties(step.facts.winners)})` : "";
    return [make("article", { class: "card" }, make("h4", {}, this.#link(this.#titled(channel, source), source, won)),
      make("div", { class: "times" }, this.#table(channel, "value", { won }), make("i", {}, "→"), make("output", {}, show(step.value)))),
    make("p", { class: "one" }, said.largest + ties)];
  }

  #cards(step, channels) {
    // few stay where they are, so that the eye finds them; of many the largest come first
    const order = channels.length <= CARDS ? channels : channels.toSorted((a, b) => Math.abs(b.sum) - Math.abs(a.sum));
    const holder = make("div", { class: "cards" });
    const box = make("div", {}, holder);
    const reach = (name) => Math.max(...channels.slice(0, 4096).flatMap((each) => each.terms.map((term) => Math.abs(term[name])))) || 1;
    const reaches = { value: reach("value"), weight: reach("weight") };
    const tight = Math.sqrt(channels[0].terms.length) > 5;
    let shown = 0;
    const add = (count) => {
      holder.append(...order.slice(shown, shown + count).map((each) => this.#card(step, each, reaches, tight)));
      shown = Math.min(order.length, shown + count);
    };
    add(this.all.has(step.layer) ? order.length : CARDS);
    this.#more(box, order, () => shown, (count) => { add(count); if (order.length <= MORE.cards) this.all.add(step.layer); }, MORE.cards);
    return box;
  }

  // "Show n more", and what all that is left comes to together.
  #more(box, order, shown, add, most) {
    const line = make("p", { class: "line bare" });
    const offer = () => {
      const rest = order.slice(shown());
      if (!rest.length) { line.remove(); return; }
      const total = rest.reduce((sum, each) => sum + (each.sum ?? each.product), 0);
      const next = Math.min(rest.length, most);
      line.replaceChildren(make("button", { class: "more", onclick: () => { add(next); offer(); } }, said.more(next)),
        `${said.rest(rest.length)}: `, make("b", {}, signed(total)));
    };
    box.append(line);
    offer();
  }

  #card(step, channel, reaches, tight) {
    const source = this.#source(step, channel.source);
    const one = make("p", { class: "one" });
    const patch = this.#table(channel, "value", { reach: reaches.value, tight, caption: said.patch });
    const kernel = this.#table(channel, "weight", { reach: reaches.weight, tight, caption: said.kernel });
    const largest = channel.terms.reduce((a, b) => (Math.abs(b.product) > Math.abs(a.product) ? b : a));
    const card = make("article", { class: "card" }, make("h4", {}, this.#link(this.#titled(channel, source), source, largest)),
      make("div", { class: tight ? "times wide" : "times" }, patch, make("i", {}, "×"), kernel, make("i", {}, "="), make("output", {}, signed(channel.sum))), one);
    card.dataset.unit = channel.unit;
    const light = (at) => {
      const cells = [patch, kernel].map((table) => table.querySelectorAll("td"));
      for (const own of cells) own.forEach((cell, number) => cell.classList.toggle("lit", number === at));
      const term = channel.terms[at];
      one.textContent = term ? `${show(term.value)} × ${show(term.weight)} = ${signed(term.product)}${term.pad ? ` (${said.padding})` : ""}` : "";
      this.point(channel, term);
    };
    card.addEventListener("pointerover", (event) => {
      const cell = event.target.closest("td");
      if (cell) light([...cell.closest("table").querySelectorAll("td")].indexOf(cell));
      else this.point(channel, null);
    });
    card.addEventListener("pointerleave", () => light(-1));
    return card;
  }

  // Terms as they lie under the kernel, row by row.
  #table(channel, name, { reach = null, tight = false, caption = "", won = null } = {}) {
    const most = reach ?? (Math.max(...channel.terms.map((each) => Math.abs(each[name]))) || 1);
    const rows = new Map();
    for (const term of channel.terms) {
      if (!rows.has(term.row)) rows.set(term.row, []);
      rows.get(term.row).push(term);
    }
    const body = [...rows.values()].map((terms) => make("tr", {}, ...terms.map((term) => {
      const x = term[name];
      const kind = term.pad && name === "value" ? "pad" : x > 0 ? "up" : x < 0 ? "down" : "";
      return make("td", { class: term === won ? `${kind} won` : kind, "--p": String(Math.min(1, Math.abs(x) / most)), title: String(x) }, show(x));
    })));
    return make("table", { class: tight ? "cells tight" : "cells" }, caption ? make("caption", {}, caption) : null, make("tbody", {}, ...body));
  }

  #list(step, terms) {
    const order = terms.toSorted((a, b) => Math.abs(b.product) - Math.abs(a.product));
    const source = this.#source(step, 0);
    const body = make("tbody");
    let shown = 0;
    const add = (count) => {
      body.append(...order.slice(shown, shown + count).map((each) => make("tr", { onclick: () => this.#follow(source, each), onpointerenter: () => this.point({ source: each.source, unit: each.unit, terms: [each] }, each) },
        make("td", {}, String(each.unit)), make("td", {}, show(each.value)), make("td", {}, show(each.weight)), make("td", {}, signed(each.product)))));
      shown = Math.min(order.length, shown + count);
    };
    add(ROWS);
    const box = make("div", {}, make("div", { class: "scroll" }, make("table", { class: "listed terms" },
      make("thead", {}, make("tr", {}, ...[`${said.feature} (${this.#named(source)})`, said.value, said.weight, said.product].map((each) => make("th", {}, each)))), body)));
    this.#more(box, order, () => shown, add, MORE.rows);
    return box;
  }

  #total(step, count) {
    const sum = step.sum - step.bias;
    const parts = [this.#under(show(sum), said.sumOf(count))];
    if (step.bias) parts.push(step.bias < 0 ? "−" : "+", this.#under(show(Math.abs(step.bias)), said.bias));
    const line = this.#line(...parts, "=", show(step.value));
    line.className = "line total";
    return line;
  }

  #check(step) {
    const off = step.value - step.network_value;
    const text = (step.agrees ? said.agrees : said.differs)(show(step.network_value), show(off), show(step.tolerance));
    return make("p", { class: step.agrees ? "check" : "check error" }, text);
  }

  #source(step, number) {
    return this.scene.byName.get(step.layer)?.sources[number] ?? "";
  }

  #named(source) {
    return source === "input" ? words.input : source || said.unknown;
  }

  #titled(channel, source) {
    if (channel.features) return `${said.feature} ${channel.unit}`;
    return source === "input" ? said.channelOfInput(channel.unit) : said.channel(channel.unit, this.#named(source));
  }

  #link(text, source, term) {
    if (!source) return text;
    return make("button", { onclick: () => this.#follow(source, term) }, text);
  }

  // Go where a term comes from; of features that were maps before, to the map's own place.
  #follow(source, term) {
    const layer = this.scene.byName.get(source);
    if (!layer) return;
    let { unit, row, column } = term;
    const sides = layer.shape;
    if (sides.length === 3 && term.features) {
      const size = sides[1] * sides[2];
      [unit, row, column] = [Math.floor(unit / size), Math.floor((unit % size) / sides[2]), unit % sides[2]];
    } else if (sides.length === 3) {
      row = Math.min(Math.max(row, 0), sides[1] - 1);
      column = Math.min(Math.max(column, 0), sides[2] - 1);
    }
    this.go(source, unit, row, column);
  }
}
