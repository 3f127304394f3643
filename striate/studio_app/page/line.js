// A calculation in one line: numbers with their names below, signs between them.

import { make } from "./dom.js";

export const under = (text, label) => make("span", { class: "of" }, make("span", {}, String(text)), make("small", {}, label));

export const result = (text) => make("b", { class: "result" }, String(text));

// Every text is an item of its own, so that all stand apart alike.
export function line(properties, ...parts) {
  return make("p", properties, ...parts.filter((part) => part !== "").map((part) => (typeof part === "string" ? make("span", {}, part) : part)));
}
