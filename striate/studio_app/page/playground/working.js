// How one value comes about: what lies under the window, and what is made of it.

import { make } from "../dom.js";
import { tidy as show } from "../numbers.js";
import { words } from "../words.js";
import { line, result, under } from "../line.js";

const said = words.playground.working;

function read(arrays, name, channel) {
  const { values, shape: [, rows, columns] } = arrays[`cell.${name}`];
  const from = channel * rows * columns;
  return Array.from({ length: rows }, (_, r) => Array.from(values.subarray(from + r * columns, from + (r + 1) * columns)));
}

// A small table of numbers; faint(r, c): padding; out(r, c): does not count; won: the largest.
function table(rows, { caption, reach, faint = null, out = null, won = null }) {
  const most = reach ?? (Math.max(...rows.flat().map(Math.abs)) || 1);
  return make("table", { class: rows[0].length > 5 ? "cells tight" : "cells" }, make("caption", {}, caption),
    make("tbody", {}, ...rows.map((row, r) => make("tr", {}, ...row.map((x, c) => {
      const kind = out?.(r, c) ? "out" : faint?.(r, c) ? "pad" : x > 0 ? "up" : x < 0 ? "down" : "";
      return make("td", { class: won && won[0] === r && won[1] === c ? `${kind} won` : kind, "--p": String(Math.min(1, Math.abs(x) / most)), title: String(x) }, out?.(r, c) ? "–" : show(x));
    })))));
}

// light(channel, row, column): a term is pointed at; without them none is.
export class Working {
  constructor({ light }) {
    this.light = light;
    this.title = make("h2", {}, said.title);
    this.body = make("div", { class: "stage" });
    this.element = make("section", { class: "sum" }, this.title, this.body);
  }

  fail(text) {
    this.body.replaceChildren(make("p", { class: "soft" }, text));
  }

  show(step, cell, arrays, reaches) {
    const { unit, row, column, value } = cell;
    const place = step === "flatten" ? said.number(column) : said.place(unit, row, column);
    const head = make("h3", {}, `${said.of[step]}, ${place}`, make("output", {}, show(value)));
    const parts = { conv: () => this.#sum(cell, arrays, reaches), relu: () => this.#relu(cell), pool: () => this.#pool(cell, arrays, reaches), flatten: () => this.#flat(cell) }[step]();
    this.body.replaceChildren(head, ...parts);
  }

  #sum({ names, sums, sum, divisor, bias, value }, arrays, reaches) {
    const cards = names.map((name, channel) => this.#card(name, channel, sums[channel], arrays, reaches, names.length > 1));
    const total = [];
    if (names.length > 1) {
      sums.forEach((each, at) => total.push(at && each < 0 ? "−" : at ? "+" : "", under(show(at ? Math.abs(each) : each), names[at])));
      if (divisor !== 1 || bias) total.push("=", under(show(sum), said.sum));
    } else total.push(under(show(sum), said.sum));
    if (divisor !== 1) total.push("/", under(show(divisor), said.divisor));
    if (bias) total.push(bias < 0 ? "−" : "+", under(show(Math.abs(bias)), said.bias));
    const end = names.length > 1 || divisor !== 1 || bias ? line({ class: "line total" }, ...total, "=", result(show(value))) : "";
    return [make("div", { class: "cards" }, ...cards), end];
  }

  #card(name, channel, sum, arrays, { given }, named) {
    const [pixels, weights, padding, rows, columns] = ["pixel", "weight", "padding", "row", "column"].map((each) => read(arrays, each, channel));
    const products = pixels.map((line, r) => line.map((x, c) => x * weights[r][c]));
    const tables = [
      table(pixels, { caption: said.patch, reach: given, faint: (r, c) => padding[r][c] }),
      table(weights, { caption: said.kernel }), table(products, { caption: said.products })];
    const one = make("p", { class: "one" });
    const light = (r, c) => {
      for (const each of tables) [...each.rows].forEach((line, own) => [...line.cells].forEach((cell, across) => cell.classList.toggle("lit", own === r && across === c)));
      one.textContent = r < 0 ? "" : `${show(pixels[r][c])} × ${show(weights[r][c])} = ${show(products[r][c])}${padding[r][c] ? ` (${said.padding})` : ""}`;
      this.light(channel, r < 0 ? null : rows[r][c], r < 0 ? null : columns[r][c]);
    };
    const wide = pixels[0].length > 5; // it may be wider than the page, and is scrolled then
    const card = make("article", { class: "card" }, named ? make("h4", {}, name) : "",
      make("div", wide ? { class: "times wide", tabIndex: 0, role: "group", "aria-label": said.title } : { class: "times" }, tables[0], make("i", {}, "×"), tables[1], make("i", {}, "="), tables[2], make("i", {}, said.adds), make("output", {}, show(sum))), one);
    card.addEventListener("pointerover", (event) => {
      const cell = event.target.closest("td");
      if (cell) light(cell.parentElement.rowIndex, cell.cellIndex);
    });
    card.addEventListener("pointerleave", () => light(-1, -1));
    return card;
  }

  #relu({ given, slope, value }) {
    const rule = slope === 0 ? said.relu : slope === 1 ? said.identity : said.leaky(show(slope));
    const how = given > 0 ? said.above : slope === 0 ? said.below : slope === 1 ? said.same : `${show(slope)} × ${show(given)}`;
    return [line({ class: "line bare" }, `f(${show(given)}) =`, result(show(value)), make("small", {}, how)), make("p", { class: "check" }, rule)];
  }

  #pool({ mode, count, sum, value }, arrays, { given }) {
    const [numbers, padding, counted] = ["value", "padding", "counted"].map((each) => read(arrays, each, 0));
    let won = null;
    if (mode === "max") numbers.forEach((line, r) => line.forEach((x, c) => { if (counted[r][c] && (!won || x > numbers[won[0]][won[1]])) won = [r, c]; }));
    const grid = table(numbers, { caption: said.window, reach: given, faint: (r, c) => padding[r][c], out: (r, c) => !counted[r][c], won });
    const end = mode === "avg" ? [under(show(sum), said.sumOf(count)), "/", under(String(count), said.count), "=", result(show(value))]
      : [mode === "max" ? said.largest(count) : said.sumOf(count), "=", result(show(value))];
    return [make("div", { class: "times" }, grid, make("i", {}, "→"), make("output", {}, show(value))), line({ class: "line total" }, ...end),
      counted.flat().includes(0) ? make("p", { class: "check" }, said.incomplete) : ""];
  }

  #flat({ source: [unit, row, column], shape: [, rows, columns], column: index, value }) {
    return [line({ class: "line bare" }, "(", under(String(unit), said.map), "×", under(String(rows), said.rows), "+", under(String(row), said.row), ") ×",
      under(String(columns), said.columns), "+", under(String(column), said.columnAt), "=", result(index)),
    make("p", { class: "check" }, said.flat(show(value)))];
  }
}
