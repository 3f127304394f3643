// The room Explain: where an image speaks for a class, method beside method, and under a brush.

import { make, speak, tell } from "../dom.js";
import { tidy } from "../numbers.js";
import { formatPlace, writePlace } from "../place.js";
import { headed, unanswered, untrained } from "../untrained.js";
import { wire } from "../wire.js";
import { words } from "../words.js";
import { Brush } from "./brush.js";
import { answerOf, curvesOf, splitOf } from "./evidence.js";
import { Following } from "./following.js";
import { MapCard, makeLaying, makePicture } from "./maps.js";
import { readStrokes, writeStrokes } from "./strokes.js";

const said = words.explain;
const USUAL = ["cam", "grad-cam", "hires-cam", "guided-backprop"];
const CHEAP = 1.5; // seconds that the randomisation test may take to be made unasked
const TEST = 10; // maps that it makes

export class Room {
  uses = ["network", "image"];
  needsNetwork = true;
  state = { network: "", image: "", target: -1, against: -1, methods: [], apart: false, map: "" };
  #turn = 0; // of the question
  #taken = 0; // of the answer that is shown
  #dirty = false; // the brush has moved since the last question
  #asking = false;
  #cards = new Map();
  #shown = "";

  constructor(frame) {
    this.frame = frame;
    this.keys = { rows: said.keys };
    this.brush = new Brush({ changed: () => this.#painted() });
    this.following = new Following({
      question: () => this.#question(), methods: () => this.#slowMethods, rested: () => this.#testCheaply(),
      map: (method, found, isNew) => this.#takeMap(method, found, isNew),
      failed: (method, message) => this.#cards.get(`0 ${method}`)?.fail(message),
    });
    this.facts = make("div", { class: "facts" });
    this.answer = make("div");
    this.answerTitle = make("h2");
    this.mapsTitle = make("h2");
    this.curvesTitle = make("h2");
    this.targetPick = make("select", { id: "target", onchange: () => this.#set({ target: Number(this.targetPick.value) }) });
    this.againstPick = make("select", { id: "against", onchange: () => this.#set({ against: Number(this.againstPick.value) }) });
    this.swap = make("button", { onclick: () => this.#swap() }, said.swap);
    this.apartBox = make("input", { type: "checkbox", onchange: () => this.#set({ apart: this.apartBox.checked }) });
    this.chips = make("div", { class: "chips", role: "group", "aria-label": said.which });
    this.refused = make("p", { class: "soft refused" });
    this.maps = make("div", { class: "rows-of-maps" });
    this.split = make("section", {});
    this.curves = make("div", { class: "curves" });
    this.curvesButton = make("button", { onclick: () => this.#measure() }, "");
    this.element = make("div", { class: "explain" }, this.facts,
      make("div", { class: "top-row" },
        make("section", { class: "panel" }, make("h2", {}, said.image), this.brush.element),
        make("section", { class: "panel answer" }, this.answerTitle, this.answer,
          make("div", { class: "who" }, make("label", { for: "target" }, said.target), this.targetPick, make("label", { for: "against" }, said.against), this.againstPick,
            make("span"), make("div", { class: "controls" }, this.swap, make("label", {}, this.apartBox, said.apart))))),
      make("section", { class: "panel" }, this.mapsTitle, make("p", { class: "soft legend" }, make("i", { class: "key above" }), said.above, make("i", { class: "key below" }), said.below), this.chips, this.refused, this.maps),
      this.evidence = make("div", { class: "evidence", hidden: true }, this.split, make("section", {}, this.curvesTitle, this.curvesButton, this.curves)));
  }

  async open(place) {
    const { network, image } = place;
    const other = !this.scene || network !== this.state.network || image !== this.state.image;
    const before = this.state;
    const number = (text, usual) => (/^\d{1,5}$/.test(text ?? "") ? Number(text) : usual);
    const own = ["target", "against", "methods", "apart", "strokes", "map"].some((name) => place[name] !== undefined);
    this.state = { ...before, network, image };
    try {
      if (other) {
        const slow = setTimeout(() => tell(words.opening(network, image)), 250);
        const found = await wire.ask({ kind: "classes", network, image }).finally(() => clearTimeout(slow));
        tell("");
        const { pixels, probabilities, down, across } = found.arrays;
        this.scene = { ...found, pixels, before: probabilities.values, lay: down && makeLaying(down, across) };
        Object.assign(this.state, { target: -1, against: -1, apart: false });
        if (network !== before.network || !this.state.methods.length) this.state.methods = USUAL.filter((each) => found.fits.includes(each));
        this.brush.load([]);
        this.maps.replaceChildren(make("p", { class: "soft" }, said.working));
        this.laid = "";
        this.#cards.clear();
        this.evidence.hidden = true;
      }
      this.following.leave();
    } catch (error) {
      this.state = before;
      tell(error.message, { error: true });
      return false;
    }
    const { classes, fits } = this.scene;
    if (own) {
      const within = (at) => (at < classes.length ? at : -1);
      const methods = (place.methods ?? "").split(",").filter((each) => fits.includes(each));
      Object.assign(this.state, { target: within(number(place.target, -1)), against: within(number(place.against, -1)), apart: place.apart === "yes" });
      if (methods.length) this.state.methods = methods;
      if (fits.includes(place.map)) this.state.map = place.map;
      this.brush.load(readStrokes(place.strokes ?? ""));
    }
    this.curves.replaceChildren();
    this.frame.shown({ network, image });
    this.#offer();
    await this.#ask();
    this.following.renew({ network: other }); // now that there are cards for its maps
    return true;
  }

  leave() { this.following.leave(); }

  repaint() {
    this.brush.draw();
    for (const card of this.#cards.values()) card.repaint();
  }

  keydown(event) {
    if (this.brush.keydown(event)) return true;
    if (event.key === "u") { this.brush.undo(); return true; }
    return false;
  }

  #set(part) {
    Object.assign(this.state, part);
    if (this.state.against === this.#target) this.state.against = -1;
    this.curves.replaceChildren();
    this.#offer();
    this.following.leave();
    return this.#ask().then(() => this.following.renew());
  }

  get #target() { return this.state.target < 0 ? this.found?.target ?? -1 : this.state.target; }

  #swap() {
    const [target, against] = [this.#target, this.state.against];
    if (against >= 0) this.#set({ target: against, against: target });
  }

  // The choices: classes in the order of the answer, methods that fit.
  #offer() {
    const { classes, before, fits, refused, note, mirrored } = this.scene;
    const order = [...before.keys()].sort((a, b) => before[b] - before[a]);
    const options = () => order.map((at) => make("option", { value: at }, classes[at] ?? String(at)));
    const key = `${this.state.network} ${this.state.image}`;
    if (this.#shown !== key) {
      this.#shown = key;
      this.targetPick.replaceChildren(make("option", { value: -1 }, said.mostProbable), ...options());
      this.againstPick.replaceChildren(make("option", { value: -1 }, said.nothing), ...options());
    }
    this.targetPick.value = this.state.target;
    this.againstPick.value = this.state.against;
    this.apartBox.checked = this.state.apart;
    this.apartBox.disabled = this.state.against < 0;
    this.swap.disabled = this.state.against < 0;
    this.facts.replaceChildren(make("h2", {}, said.title), make("span", { class: "soft" }, said.lead),
      untrained(note), mirrored ? make("span", { class: "soft" }, words.answer.mirrored) : "");
    this.chips.replaceChildren(...fits.map((method) => make("button", { "aria-pressed": String(this.state.methods.includes(method)), title: said.about[method] ?? "", onclick: () => this.#toggle(method) }, said.methods[method] ?? method)));
    this.answerTitle.replaceChildren(...headed(said.answer, note));
    this.mapsTitle.replaceChildren(...headed(said.maps, note));
    this.curvesTitle.replaceChildren(...headed(said.evidence.curvesTitle, note));
    const reasons = [...new Set(Object.values(refused))];
    this.refused.textContent = reasons.map((why) => said.refused(Object.keys(refused).filter((each) => refused[each] === why).map((each) => said.methods[each] ?? each).join(", "), why)).join(" ");
    if (!this.state.methods.includes(this.state.map)) this.state.map = this.state.methods[0] ?? "";
  }

  #toggle(method) {
    const own = this.state.methods;
    // in the order in which the methods are listed
    this.#set({ methods: this.scene.fits.filter((each) => (each === method ? !own.includes(method) : own.includes(each))) });
  }

  #question() {
    const { network, image, target, against } = this.state;
    const strokes = this.brush.strokes.map((each) => ({ ...each, points: each.points.slice(0, 1000) }));
    return { network, image, target, against, strokes };
  }

  #age() {
    for (const method of this.#slowMethods) this.#cards.get(`0 ${method}`)?.old(!this.following.isNew(method));
  }

  get #slowMethods() { return this.state.methods.filter((each) => !this.scene.quick.includes(each)); }

  // The brush has moved: ask at once, or as soon as the answer under way is there.
  #painted() {
    this.following.changed();
    this.#age();
    this.#dirty = true;
    if (!this.#asking) this.#follow();
  }

  async #follow() {
    this.#asking = true;
    while (this.#dirty) {
      this.#dirty = false;
      await this.#ask();
    }
    this.#asking = false;
  }

  async #ask() {
    this.#turn += 1;
    const turn = this.#turn;
    const { methods, apart, against } = this.state;
    try {
      const found = await wire.ask({ ...this.#question(), kind: "heat", methods, apart: apart && against >= 0 });
      if (!found || turn < this.#taken) return;
      this.#taken = turn;
      this.#take(found);
    } catch (error) {
      tell(error.message, { error: true });
    }
    this.#write();
  }

  #write() {
    const { target, against, methods, apart, map, network, image } = this.state;
    const strokes = writeStrokes(this.brush.strokes);
    if (!strokes && this.brush.strokes.length) tell(said.tooLong);
    writePlace({ room: "explain", network, image, target: target < 0 ? "" : target, against: against < 0 ? "" : against, methods: methods.join(","), apart: apart ? "yes" : "", map, strokes });
  }

  #take(found) {
    this.found = found;
    this.evidence.hidden = false;
    const { arrays, rows, split } = found;
    this.picture = makePicture(this.scene.pixels, found.box, arrays.painted.values);
    this.brush.show(this.picture);
    const painted = this.brush.strokes.length > 0;
    this.answer.replaceChildren(unanswered(found.answer), answerOf(found, this.scene, painted, (at) => this.#set({ target: at })));
    for (const method of this.state.methods.filter((each) => this.scene.quick.includes(each))) this.following.took(method, found.seconds / Math.max(1, rows.length));
    this.#lay(rows.length);
    rows.forEach((row, at) => row.forEach((each) => {
      const card = this.#cards.get(`${at} ${each.method}`);
      card?.show(each, this.scene.lay(arrays[`map.${at}.${each.method}`].values), this.picture);
    }));
    this.#age();
    for (const [key, card] of this.#cards) if (key.startsWith("0 ")) this.#untold(card);
    const link = (layer, unit) => formatPlace({ room: "inside", network: this.state.network, image: this.state.image, layer, unit });
    this.split.replaceChildren(make("h2", {}, ...headed(said.evidence.splitTitle, this.scene.note)), ...splitOf(split, link));
    this.#nameCurves();
  }

  // Rows of cards: what is explained, and below it each of both classes by itself.
  #lay(count) {
    const { methods, against } = this.state;
    const names = [this.found.rows[0]?.[0]?.target ?? this.#name(this.found.target, against), this.scene.classes[this.found.target], this.scene.classes[against]];
    const key = `${methods.join()} ${count} ${names.join()}`;
    if (this.laid === key) return;
    this.laid = key;
    const kept = this.#cards;
    this.#cards = new Map();
    const rows = Array.from({ length: Math.max(1, count) }, (_, at) => {
      const own = at === 0 ? methods : methods.filter((each) => this.scene.quick.includes(each));
      const cards = own.map((method) => {
        const card = kept.get(`${at} ${method}`) ?? new MapCard(method, { trust: (each) => this.#test(each, { aloud: true }), choose: (each) => this.#choose(each) });
        card.test.parentElement.hidden = at > 0;
        this.#cards.set(`${at} ${method}`, card);
        return card.element;
      });
      return make("div", { class: "row-of-maps" }, make("h3", {}, said.speaksFor(names[at])), make("div", { class: "heats" }, ...cards));
    });
    this.maps.replaceChildren(...rows, methods.length ? "" : make("p", { class: "soft" }, said.noMethods));
    this.#choose(this.state.map, { quiet: true });
  }

  #name(target, against) {
    const [one, other] = [this.scene.classes[target], this.scene.classes[against]];
    return other ? said.rather(one, other) : one;
  }

  #choose(method, { quiet = false } = {}) {
    this.state.map = method;
    for (const card of this.#cards.values()) card.chosen(card.method === method);
    if (quiet) return;
    this.curves.replaceChildren();
    this.#nameCurves();
    this.#write();
  }

  #nameCurves() {
    const { map } = this.state;
    this.curvesButton.hidden = !map;
    this.curvesButton.textContent = said.evidence.measure(said.methods[map] ?? map);
  }

  // What the test said before holds for another image or class.
  #untold(card) {
    if (card.failed) return;
    const seconds = this.following.seconds(card.method);
    card.tell("");
    card.test.hidden = false;
    card.test.textContent = seconds === undefined ? said.trust.button : said.trust.takes(Math.max(1, Math.round(TEST * seconds)));
  }

  // A map that takes longer has come; the brush may have moved on meanwhile.
  #takeMap(method, found, isNew) {
    const card = this.#cards.get(`0 ${method}`);
    if (!card || !this.picture) return;
    card.show(found.map, found.arrays.map.values, this.picture);
    card.old(!isNew);
    this.#untold(card);
  }

  // All maps are new: the tests that cost little.
  async #testCheaply() {
    for (const method of this.state.methods) {
      if (this.#cards.get(`0 ${method}`)?.test.hidden) continue; // it has its verdict
      if (TEST * (this.following.seconds(method) ?? 9) <= CHEAP && !(await this.#test(method))) return;
    }
  }

  // The parameter randomisation test; false where something newer has taken its place.
  async #test(method, { aloud = false } = {}) {
    const card = this.#cards.get(`0 ${method}`);
    if (!card) return true;
    card.test.hidden = true;
    card.tell(said.trust.working);
    try {
      const found = await this.following.work("trust", method);
      if (!found) { this.#untold(card); return false; }
      card.tell((found.passed ? said.trust.passed : said.trust.failed)(tidy(Number(found.correlation.toFixed(2)))), { good: found.passed });
      card.verdict.title = found.words;
      if (aloud) speak(card.verdict.textContent);
    } catch (error) {
      card.tell(error.message, { good: false });
    }
    return true;
  }

  async #measure() {
    const { map } = this.state;
    const line = make("p", { class: "soft" }, said.working);
    this.curves.replaceChildren(line);
    try {
      const found = await this.following.work("curves", map, (passes) => { line.textContent = said.passes(passes); });
      this.curves.replaceChildren(...(found ? curvesOf(found, said.methods[map] ?? map) : []));
    } catch (error) {
      line.textContent = error.message;
      line.className = "error";
    }
  }
}
