// What the stages of the lesson share: grids, sums, the playground's questions, links into rooms.
//
// A stage has: element; begin(), when it is entered; question(), which gives {text, answer, within,
// how, hint}; links(), a list of {href, text}; and, where they are of use, solved(), leave(), repaint().

import { make } from "../dom.js";
import { brief } from "../numbers.js";
import { formatPlace } from "../place.js";
import { writeSettings, usual } from "../playground/settings.js";
import { wire } from "../wire.js";
import { words } from "../words.js";

export const random = (count) => Math.floor(Math.random() * count);
export const pick = (list) => list[random(list.length)];
export const text = (rows) => rows.map((row) => row.join(" ")).join(";");

// Let a grid of numbers through a convolution, an activation and a pooling: Python's numbers.
export async function play({ grid, kernel = "1", stride = 1, pad = 0, slope = 1, mode = "max", window = 2, step = "conv", row = 0, column = 0 }) {
  const both = (x) => [x, x];
  return wire.ask({
    kind: "play", image: "", grid, side: 32, channels: "gray",
    kernel: { numbers: kernel, divisor: 1, bias: 0, stride: both(stride), pad: "sides", sides: [pad, pad, pad, pad], padmode: "zero", dilation: both(1) },
    slope, pool: { mode, window: both(window), stride: both(window), pad: both(0), ceil: false }, step, source: 0, unit: 0, row, column,
  });
}

export function intoPlayground(changes) {
  return { href: formatPlace(writeSettings({ ...usual(), ...changes })), text: words.lesson.into(words.rooms.playground) };
}

export const into = (room, place) => ({ href: formatPlace({ room, ...place }), text: words.lesson.into(words.rooms[room]) });

// A titled place for a grid.
export const framed = (title, ...children) => make("section", { class: "framed" }, make("h3", {}, title), ...children);

// A map shown by a grid; hidden: the cell whose number is asked for.
export function paint(grid, { values, shape: [rows, columns] }, { hidden = null, margin = [0, 0, 0, 0], reach = null } = {}) {
  const shown = Float64Array.from(values);
  if (hidden) shown[hidden[0] * columns + hidden[1]] = NaN;
  grid.show({ values: shown, rows, columns, reach: reach ?? Math.max(1e-9, ...Array.from(values, Math.abs)), margin });
}

// Let the arrow keys go from cell to cell of a grid: at() is the cell now, go() the way to another.
export function walkable(grid, at, go) {
  grid.canvas.tabIndex = 0;
  grid.canvas.addEventListener("keydown", (event) => {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!step || !grid.shown) return;
    event.preventDefault();
    const now = at() ?? [0, 0];
    const { rows, columns } = grid.shown;
    go(Math.min(Math.max(now[0] + step[0], 0), rows - 1), Math.min(Math.max(now[1] + step[1], 0), columns - 1));
  });
}

// The cells under a window that stands at a row and a column of what comes out.
export function under(row, column, side, stride = 1, pad = 0) {
  const [top, left] = [row * stride - pad, column * stride - pad];
  return Array.from({ length: side * side }, (_, at) => [top + Math.floor(at / side), left + (at % side)]);
}

// "1·0 + 2·1 + ... = 4", zeros left out where there are many; a question mark for what is asked.
export function sumOf(values, weights, total) {
  const terms = Array.from(values, (x, at) => [x, weights[at]]).filter(([x, w]) => x !== 0 && w !== 0);
  const shown = terms.length ? terms.map(([x, w]) => `${brief(x)}·${w < 0 ? `(${brief(w)})` : brief(w)}`).join(" + ") : "0";
  return `${shown} = ${total === null ? "?" : brief(total)}`;
}

// Small numbers as written by hand.
export const table = (label, rows) => make("table", { class: "cells", "aria-label": label }, make("tbody", {}, ...rows.map((row) => make("tr", {}, ...row.map((x) => make("td", { class: x > 0 ? "up" : x < 0 ? "down" : "", "--p": String(Math.min(1, Math.abs(x))) }, String(x).replace("-", "−")))))));
