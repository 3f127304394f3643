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

export function writePlace(place) {
  const hash = formatPlace(place);
  if (hash !== location.hash) history.replaceState(null, "", `/${hash}`);
}
