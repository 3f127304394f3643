// How many rows and columns come out: the formula with its numbers, each with its name below.

import { make } from "../dom.js";
import { words } from "../words.js";
import { line, result, under } from "../line.js";

const said = words.playground.size;

function along(name, size, { kernel, stride, dilation, before, behind }, out, ceil) {
  const room = size + before + behind - dilation * (kernel - 1) - 1;
  const whole = room % stride === 0;
  const count = (ceil ? Math.ceil(room / stride) : Math.floor(room / stride)) + 1;
  return line({ class: "line bare size", "data-axis": name }, make("b", {}, name), whole ? "(" : `${ceil ? "ceil" : "floor"}((`,
    under(size, said.in), "+", under(before, said.before(name)), "+", under(behind, said.behind(name)), "−",
    under(dilation, said.dilation), "× (", under(kernel, said.kernel), "− 1) − 1) /", under(stride, said.stride), whole ? "+ 1" : ") + 1",
    count > out ? "− 1" : "", "=", result(out));
}

// The size of a step with a window; of flatten its own text.
export function sizeOf(step, shape, { window, formula, shape: made }, ceil = false) {
  if (!window) return [line({ class: "line bare size" }, formula ?? "")];
  const sides = window.sides; // top, bottom, left, right
  const of = (axis) => ({ kernel: window.kernel[axis], stride: window.stride[axis], dilation: window.dilation[axis], before: sides[2 * axis], behind: sides[2 * axis + 1] });
  const missing = [0, 1].some((axis) => {
    const { kernel, stride, dilation, before, behind } = of(axis);
    const room = shape[axis + 1] + before + behind - dilation * (kernel - 1) - 1;
    return (ceil ? Math.ceil(room / stride) : Math.floor(room / stride)) + 1 > made[axis + 1];
  });
  return [along(said.rows, shape[1], of(0), made[1], ceil), along(said.columns, shape[2], of(1), made[2], ceil),
    missing ? make("p", { class: "soft" }, said.missing) : ""];
}
