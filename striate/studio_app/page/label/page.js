// The page of `striate label`: one question at a time, answered by keys.

import { byId, make, speak, tell } from "../dom.js";

const LOST = "Striate no longer answers: start `striate label` again, and it goes on from here";
const EARLY = "Not taken, as the answer before was still being kept: press it again";
const KEYS = 9; // classes that have a key of their own

let view = null;
let struck = new Set(); // images of the cluster that the name does not fit
let busy = false;
let early = false; // whether something was pressed meanwhile, for images that are gone by now

// the token has become a cookie and leaves the address
if (location.search) history.replaceState(null, "", "/");

async function ask(path, body) {
  if (busy) {
    early = true;
    return;
  }
  busy = true;
  try {
    const given = body && { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
    const answer = await fetch(path, given);
    const found = await answer.json();
    if (!answer.ok) {
      tell(found.error, { error: true });
      return;
    }
    const before = view;
    view = found;
    struck = new Set(view.question.struck);
    show(before);
    tell(early ? EARLY : "", { error: early });
  } catch {
    tell(LOST, { error: true });
  } finally {
    busy = early = false;
  }
}

function give(kind, label = "") {
  const question = view.question;
  const images = kind === "cluster" ? question.images.filter((each) => !struck.has(each)) : question.images;
  return ask("/api/answer", { turn: view.turn, kind, label, images });
}

const name = (label) => give(view.question.kind, label);
const pass = () => give(view.question.kind === "cluster" ? "mixed" : "skip");
const undo = () => ask("/api/undo", { turn: view.turn });

function strike(index, tile) {
  if (!struck.delete(index)) struck.add(index);
  tile.setAttribute("aria-pressed", String(struck.has(index)));
}

function showTile(index, at) {
  const tile = make("button", {
    type: "button",
    title: view.names[at],
    "aria-pressed": String(struck.has(index)),
    "aria-label": `${view.names[at]} does not belong`,
    onclick: () => strike(index, tile),
  }, make("img", { src: `/api/image?index=${index}&side=256`, alt: "" }));
  return tile;
}

function percent(share) {
  return `${Math.min(99.9, 100 * share).toFixed(share < 0.995 ? 0 : 1)} %`;
}

function headCluster({ images }) {
  return [
    make("h2", {}, `What are these ${images.length.toLocaleString("en")} images?`),
    make("p", { class: "soft" },
      "One name for all. Click what does not belong (or Tab and Space); what is struck out is asked about later.",
      view.unseen ? ` ${view.unseen.toLocaleString("en")} more look like them and get the name unseen; the odd ones are shown last.` : ""),
  ];
}

function headImage({ drawn, guess, by, probability }) {
  let told = "The first of its kind: give it a name.";
  if (drawn) told = "Drawn at random. No guess is shown, so that what is counted on these images is honest.";
  else if (guess && by === "proposal") told = `Proposed: ${guess}. Enter takes it.`;
  else if (guess) told = `The classifier is unsure: ${guess}, ${percent(probability)}. Enter takes it.`;
  if (view.copies) told += ` ${view.copies} near ${view.copies === 1 ? "copy gets" : "copies get"} the same label.`;
  return [make("h2", {}, "What is this?"), make("p", { class: "soft" }, told)];
}

function showAsked(question) {
  if (question.kind === "done") {
    return make("section", { class: "asked" }, make("h2", {}, "Every image has an answer"),
      make("p", { class: "soft" }, "Ctrl-C in the terminal ends it; U takes the last answer back."));
  }
  if (question.kind === "cluster") {
    return make("section", { class: "asked" }, ...headCluster(question),
      make("div", { class: "tiles" }, ...question.shown.map(showTile)));
  }
  const picture = make("img", { src: `/api/image?index=${question.images[0]}&side=1024`, alt: `the image ${view.names[0]}` });
  const frame = make("figure", { class: "single" }, picture);
  frame.style.margin = 0;
  picture.addEventListener("load", () => frame.classList.toggle("small", picture.naturalWidth < 100));
  return make("section", { class: "asked" }, ...headImage(question), frame);
}

function showNames({ kind, guess }) {
  const classes = Object.entries(view.counts);
  if (guess && !(guess in view.counts)) classes.push([guess, 0]);
  const buttons = classes.map(([label, count], at) => make("button", {
    type: "button",
    class: label === guess ? "strong" : "",
    disabled: kind === "done",
    onclick: () => name(label),
  }, at < KEYS ? make("kbd", {}, String(at + 1)) : null, label, make("span", {}, count.toLocaleString("en"))));
  return make("div", { class: "names" }, ...buttons);
}

function showNew() {
  const list = make("datalist", { id: "known" }, ...Object.keys(view.counts).map((label) => make("option", { value: label })));
  const field = make("input", {
    id: "new", type: "text", maxLength: 80, placeholder: "name, then Enter", autocomplete: "off",
    "aria-label": "a name, new or known",
  });
  field.setAttribute("list", "known");
  return make("form", {
    class: "new",
    onsubmit: (event) => {
      event.preventDefault();
      if (field.value.trim()) name(field.value);
    },
  }, field, list, make("button", { type: "submit" }, "Name"));
}

function showSide(question) {
  const key = (letter, words, act, off) => make("button", { type: "button", onclick: act, disabled: off }, make("kbd", {}, letter), words);
  const passing = question.kind === "cluster" ? ["M", "mixed: no one name"] : ["S", "cannot tell"];
  const reached = view.lines.map((line) => make("p", {}, line));
  if (view.to_draw && question.kind !== "cluster") {
    reached.push(make("p", { class: "soft" }, `${(view.drawn - view.to_draw).toLocaleString("en")} of ${view.drawn} images drawn at random are labelled; what the classifier is worth is counted on these alone.`));
  }
  const done = view.stands && view.command
    ? make("div", { class: "stands" }, make("strong", {}, question.kind === "done" ? "All is labelled." : "More answers would change little."),
      " Ctrl-C in the terminal ends it; then", make("code", {}, view.command))
    : null;
  return make("aside", { class: "side", "aria-label": "answers" },
    make("div", {}, make("h3", {}, "Name it"), showNames(question)),
    question.kind === "done" ? null : showNew(),
    make("div", { class: "else" },
      question.kind === "done" ? null : key(...passing, pass),
      key("U", "undo", undo, !view.turn),
      question.kind === "done" ? null : key("N", "new name", () => byId("new").focus())),
    done,
    reached.length ? make("div", { class: "reached" }, make("h3", {}, "What it is worth"), ...reached) : null);
}

function showTop() {
  const bar = make("progress", { "aria-label": "images with a label", max: view.images, value: view.labelled });
  byId("top").replaceChildren(
    make("h1", {}, "Striate label"),
    make("span", { id: "folder" }, view.folder),
    make("span", { id: "count", class: "soft" },
      `${view.labelled.toLocaleString("en")} of ${view.images.toLocaleString("en")} images have a label`),
    bar);
}

function show(before) {
  const question = view.question;
  showTop();
  byId("room").replaceChildren(showAsked(question), showSide(question));
  byId("room").dataset.turn = view.turn;
  if (question.kind === "cluster" && !Object.keys(view.counts).length && !question.guess) byId("new").focus();
  if (before) speak(byId("room").querySelector("h2").textContent);
  window.scrollTo(0, 0);
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || !view) return;
  const field = event.target.closest("input");
  if (event.key === "Escape" && field) {
    field.blur();
    return;
  }
  if (field) return;
  const classes = byId("room").querySelectorAll(".names button");
  const open = view.question.kind !== "done";
  const acts = {
    u: undo,
    n: open && (() => byId("new").focus()),
    m: view.question.kind === "cluster" && pass,
    s: view.question.kind === "image" && pass,
    Enter: open && view.question.guess && !event.target.closest("button") && (() => name(view.question.guess)),
  };
  const act = /^[1-9]$/.test(event.key) ? classes[Number(event.key) - 1] && (() => classes[Number(event.key) - 1].click()) : acts[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

ask("/api/view");
