// The address behind "#" holds the place: room, network, image, layer, unit, row, column.

const NAMES = ["room", "network", "image", "layer", "unit", "row", "column"];
const NUMBERS = new Set(["unit", "row", "column"]);

export function readPlace(hash = location.hash) {
  const given = new URLSearchParams(hash.replace(/^#/, ""));
  const place = {};
  for (const name of NAMES) {
    const value = given.get(name);
    if (value === null) continue;
    if (!NUMBERS.has(name)) place[name] = value;
    else if (/^-?\d{1,8}$/.test(value)) place[name] = Number(value);
  }
  return place;
}

export function writePlace(place) {
  const parts = NAMES.filter((name) => place[name] !== undefined && place[name] !== null && place[name] !== -1)
    .map((name) => `${name}=${encodeURIComponent(place[name]).replaceAll("%2F", "/")}`);
  const hash = `#${parts.join("&")}`;
  if (hash !== location.hash) history.replaceState(null, "", `/${hash}`);
}
