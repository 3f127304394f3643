// The evidence beside the maps: the score as a sum, and deletion and insertion.

import { make } from "../dom.js";
import { percent, tidy } from "../numbers.js";
import { line, result, under } from "../line.js";
import { words } from "../words.js";

const said = words.explain.evidence;
const SVG = "http://www.w3.org/2000/svg";
const [WIDE, HIGH, EDGE] = [320, 170, 26];
const SHOWN = 6; // classes of the answer

function draw(name, properties, text = "") {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(properties)) element.setAttribute(key, String(value));
  if (text) element.textContent = text;
  return element;
}

// The score of a class, or the difference of two, split over positions and units.
export function splitOf(split, link) {
  if (!split) return [make("p", { class: "soft" }, said.noSplit)];
  const most = Math.max(...[...split.highest, ...split.lowest].map(([, x]) => Math.abs(x))) || 1;
  const rows = [...split.highest, ...[...split.lowest].reverse()].map(([unit, x]) => make("tr", {},
    make("td", {}, make("a", { href: link(split.layer, unit) }, said.unit(unit))),
    make("td", { class: x > 0 ? "share up" : "share down", "--p": String(Math.abs(x) / most) }, make("span")), make("td", {}, tidy(x))));
  return [make("p", {}, said.splitSaid(split.target)),
    line({ class: "line bare", "data-split": "" }, under(tidy(split.sum), said.positions(split.layer)), split.remainder < 0 ? "−" : "+", under(tidy(Math.abs(split.remainder)), split.exact ? said.biases : said.rest), "=", result(tidy(split.score))),
    make("table", { class: "listed units" }, make("caption", {}, said.units(split.units)), make("tbody", {}, ...rows))];
}

// One of both curves: the class while pixels go, or come.
function curve(kind, found, arrays) {
  const read = (name) => arrays[`${kind}.${name}`].values;
  const fractions = read("fractions");
  const x = (share) => EDGE + share * (WIDE - EDGE - 10);
  const y = (odds) => HIGH - EDGE - odds * (HIGH - EDGE - 10);
  const path = (values) => [...values].map((odds, i) => `${i ? "L" : "M"}${x(fractions[i]).toFixed(1)} ${y(odds).toFixed(1)}`).join("");
  const svg = draw("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": found.words });
  svg.append(draw("path", { class: "axis", d: `M${x(0)} ${y(1)}V${y(0)}H${x(1)}` }),
    ...["random", "center", "map"].map((name) => draw("path", { class: `way ${name}`, d: path(read(name)) })),
    draw("text", { x: x(0) - 4, y: y(1) + 4, "text-anchor": "end" }, "1"), draw("text", { x: x(0) - 4, y: y(0) + 3, "text-anchor": "end" }, "0"),
    draw("text", { x: x(1), y: HIGH - 8, "text-anchor": "end" }, said.moved[kind]));
  const area = (name, value) => make("li", { class: name }, `${said.ways[name]}: `, make("b", {}, tidy(Number(value.toFixed(4)))));
  return make("figure", { class: "plot", "data-curve": kind }, make("figcaption", {}, make("b", {}, said[kind]), ` ${said.wanted[kind](said.gone[found.baseline])}`), svg,
    make("ul", { class: "ways" }, area("map", found.area), area("center", found.center), area("random", found.random[0])),
    make("p", { class: found.better ? "verdict good" : "verdict bad" }, (found.better ? said.better : said.notBetter)(...found.random.slice(1).map((x) => tidy(Number(x.toFixed(3)))))));
}

export function curvesOf(found, method) {
  const { deletion, insertion, arrays, target } = found;
  return [make("p", { class: "soft" }, said.curvesSaid(method, target)), make("div", { class: "two-curves" }, curve("deletion", deletion, arrays), curve("insertion", insertion, arrays))];
}

// The answer before the brush, and now.
export function answerOf({ arrays, target, against }, { classes, before }, painted, choose) {
  const now = arrays.probabilities.values;
  const likely = now.map((odds, at) => Math.max(odds, before[at]));
  const least = likely.toSorted().at(-SHOWN) ?? 0;
  const order = [...now.keys()].filter((at) => likely[at] >= least).sort((a, b) => likely[b] - likely[a]).slice(0, SHOWN);
  for (const must of [target, against]) if (must >= 0 && !order.includes(must)) order.push(must);
  return make("table", { class: "listed odds" }, make("thead", {}, make("tr", {}, make("th", {}, said.class), painted ? make("th", {}, said.before) : "", make("th", {}, painted ? said.now : said.probability))),
    make("tbody", {}, ...order.map((at) => make("tr", { class: at === target ? "for" : at === against ? "versus" : "", onclick: () => choose(at) },
      make("td", {}, make("button", { class: "plain", onclick: (event) => { event.stopPropagation(); choose(at); } }, classes[at] ?? String(at))),
      painted ? make("td", {}, percent(before[at])) : "", make("td", { class: "bar", "--p": String(now[at]) }, percent(now[at]))))));
}
