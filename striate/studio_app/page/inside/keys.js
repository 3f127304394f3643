// The keyboard; f, c, e, w, h, i, j, k, l, u, o, s, z and Esc as in the Deep Visualization Toolbox
// (https://github.com/yosinski/deep-visualization-toolbox, bindings.py).

const SHIFTS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

// True where the key was meant for the room.
export function takeKey(room, frame, event) {
  if (!room.scene) return false;
  const shift = SHIFTS[event.key];
  if (event.shiftKey && shift) {
    room.move(...shift);
    return true;
  }
  const onButton = event.target.closest("button, a") !== null;
  const actions = {
    ArrowLeft: () => room.nextUnit(-1), j: () => room.nextUnit(-1),
    ArrowRight: () => room.nextUnit(1), l: () => room.nextUnit(1),
    ArrowUp: () => room.nextLayer(-1), u: () => room.nextLayer(-1),
    ArrowDown: () => room.nextLayer(1), o: () => room.nextLayer(1),
    i: () => room.nextUnit(-room.gallery.across), k: () => room.nextUnit(room.gallery.across),
    Enter: onButton ? null : () => room.keep(!room.frozen),
    " ": onButton ? null : () => room.bench.toggle(),
    ",": () => { room.bench.pause(); room.step(-1); }, ".": () => { room.bench.pause(); room.step(1); },
    z: () => room.bench.zoom(), s: () => room.unit.look(), c: () => frame.camera(), f: () => room.freezeCamera(),
    w: () => frame.picture(-1), e: () => frame.picture(1),
    Escape: () => room.openLayer(room.scene.layers[0].name),
  };
  const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  action?.();
  return Boolean(action);
}
