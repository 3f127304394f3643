// Pictures become numbers as in training: upright, 8 bits, on the background where transparent, and
// without colour management, which Striate does not apply either.
const PREVIEW = 640; // pixels of the longer side of what is shown and covered part by part

async function decode(blob, background) {
  const bitmap = await createImageBitmap(blob, {
    imageOrientation: "from-image",
    colorSpaceConversion: "none",
    premultiplyAlpha: "none",
  });
  const canvas = canvasOf(bitmap.width, bitmap.height);
  const context = contextOf(canvas);
  context.fillStyle = `rgb(${background.join(" ")})`;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return canvas;
}

function canvasOf(columns, rows) {
  const canvas = document.createElement("canvas");
  canvas.width = columns;
  canvas.height = rows;
  return canvas;
}

// kept in memory and not on a graphics card, whose rounding differs
function contextOf(canvas) {
  return canvas.getContext("2d", { willReadFrequently: true, colorSpace: "srgb" });
}

function pixelsOf(canvas) {
  const { width: columns, height: rows } = canvas;
  const { data } = contextOf(canvas).getImageData(0, 0, columns, rows);
  const pixels = new Uint8Array(rows * columns * 3);
  for (let from = 0, to = 0; to < pixels.length; from += 4) {
    pixels[to++] = data[from];
    pixels[to++] = data[from + 1];
    pixels[to++] = data[from + 2];
  }
  return { pixels, rows, columns };
}

function shrink(canvas) {
  const by = Math.min(1, PREVIEW / Math.max(canvas.width, canvas.height));
  const small = canvasOf(Math.max(1, Math.round(canvas.width * by)), Math.max(1, Math.round(canvas.height * by)));
  const context = contextOf(small);
  context.imageSmoothingQuality = "high";
  context.drawImage(canvas, 0, 0, small.width, small.height);
  return small;
}

// A PNG of 16 bits a value says so in its 25th byte; a browser rounds it in a way of its own.
async function isDeep(blob) {
  const head = new Uint8Array(await blob.slice(0, 26).arrayBuffer());
  return head[0] === 0x89 && head[1] === 0x50 && head[24] === 16;
}
