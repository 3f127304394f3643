// The images to choose from, the user's own among them.

import { make, tell } from "./dom.js";
import { words } from "./words.js";

const said = words.pictures;
const ORDER = ["uploads", "files", "photographs", "drawn", "digits"];
const ENOUGH = 60; // of a group that are shown at first

export const thumbnail = (address) => `/api/thumbnail?address=${encodeURIComponent(address)}`;

export async function upload(file) {
  const answer = await fetch(`/api/images?name=${encodeURIComponent(file.name)}`, { method: "POST", body: file });
  const found = await answer.json();
  if (!answer.ok) throw new Error(found.error);
  return found;
}

export function openDialog(title, ...children) {
  const dialog = make("dialog", { "aria-label": title }, make("div", { class: "head" }, make("h2", {}, title), make("button", { onclick: () => dialog.close() }, words.close)), ...children);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

// choose(address), camera(): what becomes of a choice; camera may be null.
export function choosePicture(images, { choose, camera, added }) {
  const take = (address) => { dialog.close(); choose(address); };
  const file = make("input", { type: "file", accept: "image/*", onchange: async () => {
    try {
      const found = await upload(file.files[0]);
      added(found);
      take(found.address);
    } catch (error) {
      tell(error.message, { error: true });
    }
  } });
  const number = make("input", { type: "number", min: 0, max: 1796, value: 0, "aria-label": said.more });
  const groups = ORDER.flatMap((group) => {
    const own = images.filter((each) => each.group === group).slice(0, ENOUGH);
    if (!own.length) return [];
    const kind = group === "digits" ? "pick" : "pick photo";
    const picks = own.map(({ address, title }) => make("button", { class: kind, title, onclick: () => take(address) }, make("img", { src: thumbnail(address), alt: "", loading: "lazy" }), title.split("/").at(-1)));
    return [make("h3", {}, words.groups[group]), make("div", { class: "choices" }, ...picks)];
  });
  const dialog = openDialog(said.title,
    make("div", { class: "choices row" },
      make("label", { class: "file" }, said.upload, file), make("span", { class: "soft" }, said.drop),
      camera ? make("button", { onclick: () => { dialog.close(); camera(); } }, said.camera) : "",
      make("label", { class: "soft" }, `${said.more} `, number), make("button", { onclick: () => take(`digits/${String(number.value).padStart(4, "0")}`) }, said.go)),
    ...groups);
}
