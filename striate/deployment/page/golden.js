// The golden pictures of the file: most are drawn by a formula of whole numbers, some are files, so
// that this browser's decoding is compared, too.

// value = (wave x 3 + noise x 4) >> 2, as the file's own "formula" has it
function draw({ rows, columns, seed }) {
  const pixels = new Uint8Array(rows * columns * 3);
  const p = 1 + seed % 5, q = 1 + seed % 3;
  const colors = [0, 1, 2].map((c) => Math.imul(c + 1, 83492791) ^ Math.imul(seed, 40503));
  for (let y = 0, to = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const grain = Math.imul(y, 73856093) ^ Math.imul(x, 19349663);
      for (let c = 0; c < 3; c++) {
        let wave = (y * p + x * q + c * 60 + seed * 37) % 510;
        if (wave > 255) wave = 510 - wave;
        const noise = ((grain ^ colors[c]) >>> 13) & 63;
        pixels[to++] = (wave * 3 + noise * 4) >> 2;
      }
    }
  }
  return { pixels, rows, columns };
}

function fingerprint(pixels) {
  const table = Array.from({ length: 256 }, (_, start) => {
    let value = start;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    return value;
  });
  let crc = -1;
  for (const value of pixels) crc = (crc >>> 8) ^ table[(crc ^ value) & 255];
  return ((crc ^ -1) >>> 0).toString(16).padStart(8, "0");
}

function floatsOf(text) {
  const held = bytesOfText(text);
  const view = new DataView(held.buffer);
  return Float32Array.from({ length: held.length / 4 }, (_, index) => view.getFloat32(4 * index, true));
}

// Gives how far the probabilities lie apart, whether the answer is the file's, and whether the
// picture was decoded to the same pixels.
async function compareGolden({ image, answer, pixels: expected }) {
  const given = image.file === undefined
    ? draw(image)
    : pixelsOf(await decode(new Blob([bytesOfText(image.file)]), about.background));
  const decoded = image.file === undefined || fingerprint(given.pixels) === expected;
  const { given: found } = await classify(given, { orientation: image.orientation, map: false });
  const shares = found.probabilities.data, wanted = floatsOf(answer.probabilities);
  const difference = Math.max(...wanted.map((share, index) => Math.abs(share - shares[index])));
  const label = Number(found.class.data[0]), node = found.node && Number(found.node.data[0]);
  const [first, second = 0] = wanted.slice().sort((a, b) => b - a);
  // so near each other that another class, a node of another level, or none may be the answer
  const limit = (label < 0) !== (answer.class < 0) || (node < 0) !== (answer.node < 0) || label < 0;
  const tie = first - second <= 2 * about.tolerance || limit;
  const same = difference <= about.tolerance && ((label === answer.class && node === answer.node) || tie);
  return { difference, same, decoded };
}
