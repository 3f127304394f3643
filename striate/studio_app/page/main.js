// The page begins: who is there, what there is to look at, and the place of the address.

import { tell } from "./dom.js";
import { Frame } from "./frame.js";
import { readPlace } from "./place.js";
import { wire } from "./wire.js";
import { words } from "./words.js";

// the token has become a cookie and leaves the address
if (location.search) history.replaceState(null, "", `/${location.hash}`);

async function start() {
  const chosen = localStorage.getItem("theme");
  if (chosen) document.documentElement.dataset.theme = chosen;
  const frame = new Frame();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => frame.repaint());
  wire.onlost = () => tell(words.lost, { error: true });
  try {
    await Promise.all([frame.fetchOffer(), wire.open()]);
  } catch (error) {
    tell(error.message, { error: true });
    return;
  }
  frame.listen();
  await frame.go(readPlace());
}

start();
