// The room Lesson: eight ideas, each with one thing to do, one to see, and a question.

import { make, speak, tell } from "../dom.js";
import { readPlace, writePlace } from "../place.js";
import { words } from "../words.js";
import { ANSWERS } from "./answers.js";
import { MAPS } from "./maps.js";
import { PIXELS } from "./pixels.js";
import { Question } from "./question.js";

const said = words.lesson;
const KEPT = "lesson.done";
const STEPS = [...PIXELS, ...MAPS, ...ANSWERS]; // {id, Stage}: see stage.js

export class Room {
  uses = [];
  keys = { rows: said.keys };
  #stages = new Map();
  #done = new Set();

  constructor(frame) {
    this.frame = frame;
    this.question = new Question({ right: () => this.#finish(), again: () => this.#ask() });
    this.list = make("ol", { class: "ideas" });
    this.number = make("p", { class: "soft" });
    this.title = make("h2", { tabIndex: -1 });
    this.lead = make("p", { class: "lead" });
    this.task = make("p");
    this.sight = make("p");
    this.holder = make("div", { class: "stageplace" });
    this.more = make("p", { class: "more-of-it" });
    const turn = (by) => make("button", { onclick: () => this.#go(STEPS[this.at + by]?.id) });
    this.back = turn(-1);
    this.next = turn(1);
    this.element = make("div", { class: "lesson" },
      make("nav", { "aria-label": said.ideas }, this.list),
      make("div", { class: "idea" },
        make("div", { class: "text" }, this.number, this.title, this.lead,
          make("dl", {}, make("dt", {}, said.do), make("dd", {}, this.task), make("dt", {}, said.see), make("dd", {}, this.sight)), this.question.element, this.more),
        this.holder),
      make("div", { class: "turns" }, this.back, this.next));
  }

  get at() { return STEPS.findIndex((each) => each.id === this.id); }

  async open() {
    const place = readPlace();
    for (const id of [...(place.done ?? "").split(","), ...(localStorage.getItem(KEPT) ?? "").split(",")]) {
      if (STEPS.some((each) => each.id === id)) this.#done.add(id);
    }
    const wanted = STEPS.find((each) => each.id === place.step) ?? STEPS.find((each) => !this.#done.has(each.id)) ?? STEPS[0];
    await this.#show(this.id && !place.step ? this.id : wanted.id);
    return true;
  }

  async #go(id) {
    if (!id) return;
    await this.#show(id);
    this.title.focus();
    scrollTo(0, 0);
  }

  async #show(id) {
    this.stage?.leave?.();
    this.id = id;
    if (!this.#stages.has(id)) {
      const made = new (STEPS[this.at].Stage)();
      made.element.addEventListener("changed", () => { if (made === this.stage) this.#ask(); });
      this.#stages.set(id, made);
    }
    this.stage = this.#stages.get(id);
    const own = said.steps[id];
    this.number.textContent = said.number(this.at + 1, STEPS.length);
    this.title.textContent = own.title;
    this.lead.textContent = own.lead;
    this.task.textContent = own.task;
    this.sight.textContent = own.sight;
    this.holder.replaceChildren(this.stage.element);
    this.back.hidden = this.at === 0;
    this.next.hidden = this.at === STEPS.length - 1;
    this.back.textContent = `← ${said.steps[STEPS[this.at - 1]?.id]?.title ?? ""}`;
    this.next.textContent = `${said.steps[STEPS[this.at + 1]?.id]?.title ?? ""} →`;
    this.more.replaceChildren(...this.stage.links().map(({ href, text }) => make("a", { href }, `${text} →`)));
    this.#mark();
    try {
      await this.stage.begin();
      await this.#ask();
    } catch (error) {
      tell(error.message, { error: true });
    }
  }

  async #ask() {
    this.question.show(await this.stage.question());
  }

  #finish() {
    this.#done.add(this.id);
    localStorage.setItem(KEPT, [...this.#done].join(","));
    this.stage.solved?.();
    this.#mark();
    speak(said.progress(this.#done.size, STEPS.length));
  }

  #mark() {
    this.list.replaceChildren(...STEPS.map(({ id }, at) => {
      const button = make("button", { onclick: () => this.#go(id) }, make("span", {}, this.#done.has(id) ? "✓" : String(at + 1)), said.steps[id].title,
        this.#done.has(id) ? make("span", { class: "unseen" }, said.finished) : null);
      button.classList.toggle("done", this.#done.has(id));
      if (id === this.id) button.setAttribute("aria-current", "step");
      return make("li", {}, button);
    }));
    const nav = this.list;
    const now = nav.querySelector("[aria-current]");
    nav.scrollLeft = Math.max(0, now.offsetLeft - nav.offsetLeft - nav.clientWidth / 3);
    if (this.frame.room === this) writePlace({ room: "lesson", step: this.id, done: [...this.#done].join(",") });
  }

  keydown(event) {
    const by = { n: 1, p: -1 }[event.key];
    if (!by) return false;
    this.#go(STEPS[this.at + by]?.id);
    return true;
  }

  leave() { this.stage?.leave?.(); }

  repaint() { this.stage?.repaint?.(); }
}
