// "not trained", beside whatever a network shows whose weights are drawn.

import { make } from "./dom.js";
import { words } from "./words.js";

export const untrained = (note) => (note ? make("span", { class: "untrained", title: note }, words.notTrained) : "");

// The same behind a heading.
export const headed = (title, note) => (note ? [title, " ", untrained(note)] : [title]);
