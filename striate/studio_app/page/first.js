// The first screen: one button trains a network for digits, and leads to where somebody wanted to go.

import { make, tell } from "./dom.js";
import { percent } from "./numbers.js";
import { ROOMS } from "./rooms.js";
import { wire } from "./wire.js";
import { words } from "./words.js";

const said = words.first;

export function showFirst(frame, holder, wanted) {
  const progress = make("progress", { max: 1, value: 0, hidden: true, "aria-label": said.training });
  const line = make("p", { class: "soft" }, said.takes);
  const button = make("button", { class: "strong", onclick: learn }, said.button);

  async function learn() {
    button.disabled = true;
    progress.hidden = false;
    try {
      const found = await wire.ask({ kind: "learn" }, (what, share) => { progress.value = Math.max(progress.value, share); line.textContent = what; });
      await frame.learnt();
      await frame.go({ ...wanted, network: found.network });
      tell(found.note || said.done(percent(found.accuracy), found.n));
    } catch (error) {
      tell(error.message, { error: true });
      button.disabled = false;
      progress.hidden = true;
    }
  }

  const leads = wanted.network || wanted.room !== ROOMS[0] ? make("p", { class: "leads" }, said.leads(words.rooms[wanted.room])) : "";
  holder.replaceChildren(make("div", { class: "first" }, make("h2", {}, said.title), make("p", { class: "lead" }, said.lead), leads,
    button, line, progress, make("p", { class: "or" }, said.or), frame.networkSelect((network) => frame.go({ network }), { first: said.choose }),
    make("p", { class: "or" }, make("a", { href: "#room=lesson" }, said.lesson))));
}
