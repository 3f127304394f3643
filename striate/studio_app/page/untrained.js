// What a network says of itself beside its answers: "not trained", and that no class is answered.

import { make } from "./dom.js";
import { words } from "./words.js";

export const untrained = (note) => (note ? make("span", { class: "untrained", title: note }, words.notTrained) : "");

// The same behind a heading.
export const headed = (title, note) => (note ? [title, " ", untrained(note)] : [title]);

// That the answer climbed to a node above the classes, or that there is none, in the classifier's words.
export const unanswered = (answer) => (answer.class === null ? make("p", { class: "unanswered" }, answer.words) : "");
