// The frame: what there is to look at, the first screen, the menu, the address.

import { byId, make, tell } from "./dom.js";
import { Inside } from "./inside.js";
import { listen } from "./keys.js";
import { forgetColours, percent } from "./numbers.js";
import { choosePicture, openDialog, upload } from "./pictures.js";
import { readPlace } from "./place.js";
import { wire } from "./wire.js";
import { words } from "./words.js";

// the token has become a cookie and leaves the address
if (location.search) history.replaceState(null, "", `/${location.hash}`);

let offer = null;
const room = new Inside({ onplace: showPlace });

async function fetchOffer() {
  const answer = await fetch("/api/offer");
  if (!answer.ok) throw new Error(words.lost);
  offer = await answer.json();
}

function firstImage(network) {
  const gray = network === "digits" || /lenet/.test(network);
  if (gray) return "digits/0042";
  const own = offer.images.find((each) => each.group === "files") ?? offer.images.find((each) => each.address === "photographs/flower");
  return own?.address ?? "drawn/house";
}

function networkSelect(onchoose, { first = "" } = {}) {
  const select = make("select", { "aria-label": words.network, onchange: () => { if (select.value) onchoose(select.value); } });
  if (first) select.append(make("option", { value: "" }, first));
  for (const group of ["digits", "own", "zoo"]) {
    const listed = offer.networks.filter((each) => each.group === group && (group !== "digits" || offer.has_digits || !first));
    if (!listed.length) continue;
    select.append(make("optgroup", { label: words.groups[group] }, ...listed.map(({ address, title }) =>
      make("option", { value: address }, address === "digits" && !offer.has_digits ? words.notLearnt : title.split(":")[0]))));
  }
  return select;
}

function showFrame() {
  const picker = networkSelect((address) => openNetwork(address));
  picker.id = "network";
  const theme = make("select", { "aria-label": words.theme.label, onchange: () => setTheme(theme.value) },
    ...["auto", "light", "dark"].map((each) => make("option", { value: each }, words.theme[each])));
  theme.value = localStorage.getItem("theme") ?? "auto";
  const rooms = Object.entries(words.rooms).map(([name, title]) => make("a", { href: `#room=${name}`, "aria-current": "page" }, title));
  byId("top").replaceChildren(make("h1", {}, words.title), make("nav", { "aria-label": words.room }, ...rooms),
    make("label", {}, make("span", {}, words.network), picker),
    make("button", { id: "image", onclick: pictures }, words.image), make("button", { id: "camera", "aria-pressed": "false", onclick: camera }, words.camera),
    make("button", { onclick: help }, words.help), make("label", {}, make("span", {}, words.theme.label), theme));
}

function showPlace({ network, image }) {
  const picker = byId("network");
  if (picker) picker.value = network;
  const button = byId("image");
  if (button) button.textContent = `${words.image}: ${image}`;
  byId("camera")?.setAttribute("aria-pressed", String(room.camera.on));
}

function setTheme(chosen) {
  if (chosen === "auto") { delete document.documentElement.dataset.theme; localStorage.removeItem("theme"); }
  else { document.documentElement.dataset.theme = chosen; localStorage.setItem("theme", chosen); }
  forgetColours();
  room.repaint();
}

async function openNetwork(network) {
  if (network === "digits" && !offer.has_digits) { showFirst(); return; }
  const gray = firstImage(network).startsWith("digits");
  const current = room.state.image;
  const fits = current && current.startsWith("digits") === gray;
  await openPlace({ network, image: fits ? current : firstImage(network), layer: "", unit: 0, row: -1, column: -1 });
}

async function openPlace(place) {
  tell("");
  const image = place.image ?? (room.state.image || firstImage(place.network));
  if (!byId("room").contains(room.element)) byId("room").replaceChildren(room.element);
  const done = await room.open({ ...place, image: image === "camera" && !room.camera.on ? firstImage(place.network) : image });
  if (!done && !room.scene) showFirst();
  return done;
}

function showFirst() {
  const progress = make("progress", { max: 1, value: 0, hidden: true, "aria-label": words.first.training });
  const line = make("p", { class: "soft" }, words.first.takes);
  const button = make("button", { class: "strong", onclick: async () => {
    button.disabled = true;
    progress.hidden = false;
    try {
      const found = await wire.ask({ kind: "learn" }, (what, share) => { progress.value = Math.max(progress.value, share); line.textContent = what; });
      await fetchOffer();
      showFrame();
      await openNetwork(found.network);
      tell(found.note || words.first.done(percent(found.accuracy), found.n));
    } catch (error) {
      tell(error.message, { error: true });
      button.disabled = false;
      progress.hidden = true;
    }
  } }, words.first.button);
  byId("room").replaceChildren(make("div", { class: "first" }, make("h2", {}, words.first.title), make("p", { class: "lead" }, words.first.lead),
    button, line, progress, make("p", { class: "or" }, words.first.or), networkSelect(openNetwork, { first: words.first.choose })));
}

function pictures() {
  choosePicture(offer.images, {
    choose: (image) => openPlace({ image, network: room.state.network }), camera,
    added: (entry) => { if (!offer.images.some((each) => each.address === entry.address)) offer.images.push(entry); },
  });
}

async function camera() {
  await room.toggleCamera();
  showPlace(room.state);
}

// The image before or behind the one shown, among all.
function picture(by) {
  const addresses = offer.images.map((each) => each.address);
  const at = addresses.indexOf(room.state.image);
  openPlace({ network: room.state.network, image: addresses[(at + by + addresses.length) % addresses.length] });
}

function help() {
  openDialog(words.keys.title, make("dl", { class: "keys" }, ...words.keys.rows.flatMap(([keys, does]) => [make("dt", {}, keys), make("dd", {}, does)])),
    make("p", { class: "soft" }, words.keys.source));
}

function takeDrops() {
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", async (event) => {
    event.preventDefault();
    const [file] = event.dataTransfer.files;
    if (!file || !room.scene) return;
    try {
      const entry = await upload(file);
      offer.images.push(entry);
      await openPlace({ image: entry.address, network: room.state.network });
    } catch (error) {
      tell(error.message, { error: true });
    }
  });
}

async function start() {
  const chosen = localStorage.getItem("theme");
  if (chosen) document.documentElement.dataset.theme = chosen;
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { forgetColours(); room.repaint(); });
  wire.onlost = () => tell(words.lost, { error: true });
  try {
    await Promise.all([fetchOffer(), wire.open()]);
  } catch (error) {
    tell(error.message, { error: true });
    return;
  }
  showFrame();
  listen(room, { picture, help, camera });
  takeDrops();
  const place = readPlace();
  if (place.network) await openPlace(place);
  else if (offer.has_digits) await openNetwork("digits");
  else {
    const own = offer.networks.find((each) => each.group === "own" && each.address.startsWith("module/"));
    if (own) await openNetwork(own.address);
    else showFirst();
  }
  window.addEventListener("hashchange", () => {
    const now = readPlace();
    if (now.network) openPlace(now);
  });
}

start();
