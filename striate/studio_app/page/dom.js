// Elements made in one line; text is always text, never markup.

export function make(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key === "class") element.className = value;
    else if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key.startsWith("--")) element.style.setProperty(key, value);
    else if (key.includes("-") || key === "role" || key === "for") element.setAttribute(key, value);
    else element[key] = value;
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

// Give an element its children; those that are there stay, since what is put in anew is laid out anew.
export function arrange(parent, children) {
  const wanted = new Set(children);
  for (const each of [...parent.childNodes]) if (!wanted.has(each)) each.remove();
  children.forEach((child, at) => { if (parent.childNodes[at] !== child) parent.insertBefore(child, parent.childNodes[at] ?? null); });
}

export const byId = (id) => document.getElementById(id);

const LASTS = 8000; // milliseconds that a line stays, unless it says what went wrong
let fading = 0;

export function tell(text, { error = false } = {}) {
  const line = byId("told");
  clearTimeout(fading);
  if (text && !error) fading = setTimeout(() => { line.textContent = ""; }, LASTS);
  line.textContent = text;
  line.classList.toggle("error", error);
}

export function speak(text) {
  byId("spoken").textContent = text;
}
