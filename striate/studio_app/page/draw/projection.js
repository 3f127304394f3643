// A camera that turns around the middle: world to canvas, and planes as canvas transforms.

const DISTANCE = 26; // of the eye from the middle, in world units
const STEEPEST = 1.45; // radians up or down
const START = { turn: -0.36, tilt: 0.42 };
const MARGIN = [84, 24, 30]; // pixels left, where the names stand, right, and above and below

export class Projection {
  turn = START.turn; // around the upright axis, radians
  tilt = START.tilt; // seen from above
  zoom = 1;
  #middle = [0, 0]; // of the canvas, where the world's middle lies
  #scale = 1;

  // Let everything be seen as it stands at first; to turn it then changes no size.
  fit(width, height, points) {
    const { turn, tilt, zoom } = this;
    Object.assign(this, START, { zoom: 1 });
    this.#middle = [0, 0];
    this.#scale = 1;
    const seen = points.map((each) => this.point(each));
    Object.assign(this, { turn, tilt, zoom });
    const ends = (axis) => [Math.min(...seen.map((each) => each[axis])), Math.max(...seen.map((each) => each[axis]))];
    const [[left, right], [top, bottom]] = [ends(0), ends(1)];
    this.#scale = Math.min((width - MARGIN[0] - MARGIN[1]) / (right - left), (height - 2 * MARGIN[2]) / (bottom - top));
    this.#middle = [(width + MARGIN[0] - MARGIN[1] - this.#scale * (left + right)) / 2, (height - this.#scale * (top + bottom)) / 2];
  }

  reset() {
    Object.assign(this, START, { zoom: 1 });
  }

  rotate(turn, tilt) {
    this.turn += turn;
    this.tilt = Math.min(Math.max(this.tilt + tilt, -STEEPEST), STEEPEST);
  }

  // The eye's coordinates: across, up, and away from the eye.
  #seen([x, y, z]) {
    const [s, c] = [Math.sin(this.turn), Math.cos(this.turn)];
    const [a, b] = [c * x + s * z, -s * x + c * z];
    const [t, u] = [Math.sin(this.tilt), Math.cos(this.tilt)];
    return [a, u * y - t * b, t * y + u * b];
  }

  // A point on the canvas, and how far away it is.
  point(place) {
    const [x, y, depth] = this.#seen(place);
    const near = (this.#scale * this.zoom * DISTANCE) / (DISTANCE - depth);
    return [this.#middle[0] + x * near, this.#middle[1] - y * near, -depth];
  }

  // A plane around a middle, spanned by two directions, as a canvas transform: that of the
  // perspective in the middle, so that a whole map is drawn at once.
  plane(middle, along, down) {
    const step = 1e-3;
    const [x, y, depth] = this.point(middle);
    const to = (direction) => {
      const [px, py] = this.point(middle.map((each, at) => each + step * direction[at]));
      return [(px - x) / step, (py - y) / step];
    };
    const [[a, b], [c, d]] = [to(along), to(down)];
    return { a, b, c, d, e: x, f: y, depth };
  }
}

// Where a canvas point lies in a plane; null where the plane is seen from its edge.
export function inPlane({ a, b, c, d, e, f }, x, y) {
  const size = a * d - b * c;
  if (Math.abs(size) < 1e-6) return null;
  return [((x - e) * d - (y - f) * c) / size, ((y - f) * a - (x - e) * b) / size];
}

export const onCanvas = ({ a, b, c, d, e, f }, u, v) => [a * u + c * v + e, b * u + d * v + f];
