// The address behind "#" holds the place: the room, and what the room says of itself.

const ORDER = ["room", "network", "image", "layer", "unit", "row", "column"];
const NUMBERS = new Set(["unit", "row", "column"]);

// All else than unit, row and column is text.
export function readPlace(hash = location.hash) {
  const place = {};
  for (const [name, value] of new URLSearchParams(hash.replace(/^#/, ""))) {
    if (!NUMBERS.has(name)) place[name] = value;
    else if (/^-?\d{1,8}$/.test(value)) place[name] = Number(value);
  }
  return place;
}

export function formatPlace(place) {
  const names = [...ORDER, ...Object.keys(place).filter((name) => !ORDER.includes(name))];
  return `#${names.filter((name) => place[name] !== undefined && place[name] !== null && place[name] !== -1 && place[name] !== "")
    .map((name) => `${name}=${encodeURIComponent(place[name]).replaceAll("%2F", "/")}`).join("&")}`;
}

const PAUSE = 200; // milliseconds between two: a browser takes no more than so many in a while
let waiting = 0;
let last = -Infinity;
let wanted = "";

// who goes elsewhere leaves nothing to be written
window.addEventListener("hashchange", () => {
  clearTimeout(waiting);
  waiting = 0;
});

function write() {
  waiting = 0;
  last = performance.now();
  if (wanted !== location.hash) history.replaceState(null, "", `/${wanted}`);
}

// While a slider or the pointer moves, the address follows at a pace.
export function writePlace(place) {
  wanted = formatPlace(place);
  if (waiting) return;
  const pause = last + PAUSE - performance.now();
  if (pause <= 0) write();
  else waiting = setTimeout(write, pause);
}
