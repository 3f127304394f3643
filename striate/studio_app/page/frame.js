// The frame: the menu of rooms, what the header offers, the address, the first screen.

import { byId, make, tell } from "./dom.js";
import { showFirst } from "./first.js";
import { forgetColours } from "./numbers.js";
import { choosePicture, openDialog, upload } from "./pictures.js";
import { readPlace } from "./place.js";
import { loadRoom, ROOMS } from "./rooms.js";
import { words } from "./words.js";

export class Frame {
  #rooms = new Map(); // that have been entered, by name
  #turn = 0;
  offer = null; // what /api/offer lists: networks, images, has_digits
  network = ""; // that is looked at, whichever room it was chosen in
  image = "";
  name = ""; // of the room
  room = null;

  async fetchOffer() {
    const answer = await fetch("/api/offer");
    if (!answer.ok) throw new Error(words.lost);
    this.offer = await answer.json();
  }

  listen() {
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("input, select, dialog, textarea, [contenteditable]")) return;
      if (event.key === "h" && !event.shiftKey) this.help();
      else if (!this.room?.keydown?.(event)) return;
      event.preventDefault();
    });
    document.addEventListener("dragover", (event) => event.preventDefault());
    document.addEventListener("drop", (event) => this.#take(event));
    window.addEventListener("hashchange", () => this.go(readPlace()));
  }

  // Go to a place: a room, and what it is to show. What is left out stays as it is.
  async go(place) {
    const name = ROOMS.includes(place.room) ? place.room : this.name || ROOMS[0];
    this.#turn += 1;
    const turn = this.#turn;
    tell("");
    const room = await this.#load(name);
    if (turn !== this.#turn) return true; // somebody has gone on meanwhile
    if (place.room && place.room !== name) tell(words.noRoom(place.room), { error: true });
    if (room !== this.room) this.room?.leave?.();
    const entered = room !== this.room || this.name !== name;
    this.room = room;
    this.name = name;
    const network = place.network || this.network || this.firstNetwork();
    if (entered) this.#showHeader();
    if (room.needsNetwork && !(await this.#isThere(network))) {
      if (turn === this.#turn) this.showFirst({ ...place, room: name });
      return false;
    }
    if (!byId("room").contains(room.element)) byId("room").replaceChildren(room.element);
    const done = await room.open({ ...place, room: name, network, image: this.#imageFor(network, place.image) });
    if (done === false && turn === this.#turn && !this.network && room.needsNetwork) this.showFirst({ room: name });
    return done !== false;
  }

  // Whether a network can be opened: that of the first button must have learnt, if in another window.
  async #isThere(network) {
    if (network === "digits" && !this.offer.has_digits) await this.fetchOffer();
    return network !== "" && (network !== "digits" || this.offer.has_digits);
  }

  // A room says what it shows, so that the header and the next room know.
  shown({ network = this.network, image = this.image }) {
    this.network = network;
    this.image = image;
    const picker = byId("network");
    if (picker) picker.value = network;
    const button = byId("image");
    if (button) button.textContent = image ? `${words.image}: ${image}` : words.image;
    byId("camera")?.setAttribute("aria-pressed", String(this.room.camera?.on ?? false));
  }

  // The first screen; wanted: the place to go to once there is a network.
  showFirst(wanted) {
    showFirst(this, byId("room"), wanted);
  }

  async learnt() {
    await this.fetchOffer();
    this.#showHeader();
  }

  // The network that a room begins with where none has been chosen; "" where there is none.
  firstNetwork() {
    if (this.offer.has_digits) return "digits";
    return this.offer.networks.find((each) => each.address.startsWith("module/"))?.address ?? "";
  }

  firstImage(network) {
    if (this.#isGray(network)) return "digits/0042";
    const { images } = this.offer;
    const own = images.find((each) => each.group === "files") ?? images.find((each) => each.address === "photographs/flower");
    return own?.address ?? "drawn/house";
  }

  #isGray(network) {
    return network === "digits" || /lenet/.test(network);
  }

  // The image that is wanted; else the one shown, where it suits the network.
  #imageFor(network, wanted) {
    const image = wanted || this.image;
    if (!image || (image === "camera" && !this.room.camera?.on)) return this.firstImage(network);
    const fits = wanted || network === this.network || image.startsWith("digits") === this.#isGray(network);
    return fits ? image : this.firstImage(network);
  }

  // A list of the networks; first: what stands above them where none is chosen yet.
  networkSelect(onchoose, { first = "" } = {}) {
    const select = make("select", { "aria-label": words.network, onchange: () => { if (select.value) onchoose(select.value); } });
    if (first) select.append(make("option", { value: "" }, first));
    const { networks, has_digits: learnt } = this.offer;
    for (const group of ["digits", "own", "zoo"]) {
      const listed = networks.filter((each) => each.group === group && (group !== "digits" || learnt || !first));
      if (!listed.length) continue;
      select.append(make("optgroup", { label: words.groups[group] }, ...listed.map(({ address, title }) =>
        make("option", { value: address }, address === "digits" && !learnt ? words.notLearnt : title.split(":")[0]))));
    }
    return select;
  }

  // Let an image be chosen; without choose() the room opens it.
  pictures({ choose = (image) => this.go({ image }) } = {}) {
    const added = (entry) => this.add(entry);
    choosePicture(this.offer.images, { choose, added, camera: this.room.uses?.includes("camera") ? () => this.camera() : null });
  }

  // The image before or behind the one shown, among all.
  picture(by) {
    const addresses = this.offer.images.map((each) => each.address);
    const at = addresses.indexOf(this.image);
    this.go({ image: addresses[(at + by + addresses.length) % addresses.length] });
  }

  async camera() {
    await this.room.toggleCamera();
    this.shown({});
  }

  help() {
    const { rows, source } = this.room?.keys ?? { rows: [] };
    openDialog(words.keys.title, make("dl", { class: "keys" }, ...[...rows, words.keys.own].flatMap(([keys, does]) => [make("dt", {}, keys), make("dd", {}, does)])),
      source ? make("p", { class: "soft" }, source) : "");
  }

  repaint() {
    forgetColours();
    this.room?.repaint?.();
  }

  // An image that a room has made, or that was uploaded.
  add(entry) {
    if (!this.offer.images.some((each) => each.address === entry.address)) this.offer.images.push(entry);
  }

  async #load(name) {
    if (!this.#rooms.has(name)) {
      const sheet = make("link", { rel: "stylesheet", href: `/page/${name}/room.css` });
      const styled = new Promise((done) => { sheet.onload = done; sheet.onerror = done; });
      document.head.append(sheet);
      const [{ Room }] = await Promise.all([loadRoom(name), styled]);
      if (!this.#rooms.has(name)) this.#rooms.set(name, new Room(this));
    }
    return this.#rooms.get(name);
  }

  #showHeader() {
    const uses = this.room.uses ?? [];
    const theme = make("select", { "aria-label": words.theme.label, onchange: () => this.#setTheme(theme.value) },
      ...["auto", "light", "dark"].map((each) => make("option", { value: each }, words.theme[each])));
    theme.value = localStorage.getItem("theme") ?? "auto";
    const picker = this.networkSelect((network) => this.go({ network }));
    picker.id = "network";
    const parts = {
      network: () => make("label", {}, make("span", {}, words.network), picker),
      image: () => make("button", { id: "image", onclick: () => this.pictures() }, words.image),
      camera: () => make("button", { id: "camera", "aria-pressed": "false", onclick: () => this.camera() }, words.camera),
    };
    const links = ROOMS.map((name) => {
      const link = make("a", { href: `#room=${name}` }, words.rooms[name]);
      if (name === this.name) link.setAttribute("aria-current", "page");
      return link;
    });
    byId("top").replaceChildren(make("h1", {}, words.title), make("nav", { "aria-label": words.room }, ...links),
      ...uses.map((each) => parts[each]()),
      make("button", { onclick: () => this.help() }, words.help), make("label", {}, make("span", {}, words.theme.label), theme));
    if (this.network) this.shown({});
  }

  #setTheme(chosen) {
    if (chosen === "auto") { delete document.documentElement.dataset.theme; localStorage.removeItem("theme"); }
    else { document.documentElement.dataset.theme = chosen; localStorage.setItem("theme", chosen); }
    this.repaint();
  }

  async #take(event) {
    event.preventDefault();
    const [file] = event.dataTransfer.files;
    if (!file || !this.room || (this.room.needsNetwork && !this.network)) return;
    try {
      const entry = await upload(file);
      this.add(entry);
      if (this.room.drop) await this.room.drop(entry);
      else await this.go({ image: entry.address });
    } catch (error) {
      tell(error.message, { error: true });
    }
  }
}
