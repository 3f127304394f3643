// A small plot of a function with the point that is looked at.

import { make } from "../dom.js";
import { tidy as show } from "../numbers.js";

const [WIDE, HIGH, EDGE] = [220, 130, 18];
const POINTS = 160;

function draw(name, properties) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(properties)) element.setAttribute(key, String(value));
  return element;
}

// f over from..to; lows and highs of y; the point at x; label: what it is, for those who do not see it.
export function plot(f, { from, to, low, high, x, y = f(x), label }) {
  const across = (at) => EDGE + ((at - from) / (to - from)) * (WIDE - 2 * EDGE);
  const up = (value) => HIGH - EDGE - ((Math.min(Math.max(value, low), high) - low) / (high - low)) * (HIGH - 2 * EDGE);
  const path = Array.from({ length: POINTS + 1 }, (_, i) => from + ((to - from) * i) / POINTS)
    .filter((at) => Number.isFinite(f(at)) && f(at) <= high * 1.02 + 1e-9)
    .map((at, i) => `${i ? "L" : "M"}${across(at).toFixed(1)} ${up(f(at)).toFixed(1)}`).join("");
  const svg = draw("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": `${label}: ${show(y)}` });
  const zero = [Math.min(Math.max(0, from), to), Math.min(Math.max(0, low), high)];
  svg.append(draw("path", { class: "axis", d: `M${EDGE} ${up(zero[1])}H${WIDE - EDGE}M${across(zero[0])} ${EDGE / 2}V${HIGH - EDGE}` }),
    draw("path", { class: "curve", d: path }));
  if (Number.isFinite(y)) {
    const [cx, cy] = [across(Math.min(Math.max(x, from), to)), up(y)];
    svg.append(draw("path", { class: "drop", d: `M${cx} ${up(zero[1])}V${cy}H${across(zero[0])}` }), draw("circle", { class: "point", cx, cy, r: 4.5 }));
  }
  for (const [at, value, anchor] of [[from, from, "start"], [to, to, "end"]]) {
    const text = draw("text", { x: across(at), y: HIGH - 4, "text-anchor": anchor });
    text.textContent = show(value);
    svg.append(text);
  }
  return make("figure", { class: "plot" }, svg, make("figcaption", {}, label));
}
