// The viewer: a photo before and after on one surface, and what is done on it.
// Gradio runs viewer/*.js as one function, in the order that `ui.components.viewer` names, with
// `element` (what the template became), `props`, `trigger`, `upload` and `watch`.
// `value` is what the server knows, a `View` of ui/components/viewer.py; `view` is how it is
// looked at, which the server needn't know.

const LEVELS = [1, 2, 3, 4, 6, 8, 12, 16]; // zooms that keys step through; 0 is Fit
const LENS = 4; // its zoom, or twice the picture's where that is more
const TILE = 2; // the tiles' zoom
const KEY_SHARE = 0.1; // of the view, for each arrow key
const WHOLE = [0, 0, 1, 1];
const EMPTY = { phase: "empty", results: [], pick: 0, share: 0, run: 0 };
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const root = element.querySelector(".viewer");
const find = (selector) => root.querySelector(selector);
const [stage, picture, divider] = [".stage", ".picture", ".divider"].map(find);
const [left, right] = picture.querySelectorAll("img");
const lenses = [...root.querySelectorAll(".lens canvas")];
const words = props.words[navigator.language.startsWith("ko") ? "ko" : "en"];

let value = EMPTY;
// zoom: 0 or pixels of the screen for one of the picture's; center: what is in the middle when
// zoomed, point: what lens and tiles show, both in fractions; divider: 0..1 of what is seen;
// pick, beside: the results that are shown right and left, -1 for the photo itself;
// box: the part that is being cropped to: left, top, right and bottom in fractions.
const view = {
  zoom: 0,
  center: [0.5, 0.5],
  point: [0.5, 0.5],
  divider: 0.5,
  lens: false,
  pick: 0,
  beside: -1,
  cropping: false,
  box: WHOLE,
};

const say = (key, facts = {}) =>
  words[`viewer_${key}`].replace(/{(\w+)}/g, (_, name) => facts[name]);
const clamp = (number, low, high) => Math.min(Math.max(number, low), high);
const working = () => value.phase === "working";
const result = () => value.results[view.pick];
const paired = () => !view.cropping && Boolean(value.before && right.getAttribute("src"));

// --- Where the picture is ---------------------------------------------------------------------

/** CSS pixels for one of the picture's at 1:1: a whole number of the screen's. */
const unit = () => Math.max(1, Math.round(devicePixelRatio)) / devicePixelRatio;
const room = () => [stage.clientWidth, stage.clientHeight];

/** Width and height of what is looked at, in its own pixels. */
function pixels() {
  const own = [left.naturalWidth || 1, left.naturalHeight || 1];
  return view.cropping && value.size?.[0] ? value.size : own;
}

const fitting = () => Math.min(...pixels().map((size, i) => room()[i] / size));
const scale = () => (view.zoom ? view.zoom * unit() : fitting());

/** Left, top, width and height of the picture on the stage, in CSS pixels. */
function placed() {
  const sizes = pixels().map((size) => size * scale());
  const starts = sizes.map((size, i) => {
    const space = room()[i];
    if (size <= space) return (space - size) / 2;
    return clamp(space / 2 - view.center[i] * size, space - size, 0);
  });
  return [...starts, ...sizes];
}

/** Where the divider is, and from where to where it can be moved, in CSS pixels of the stage. */
function divided() {
  const [start, , width] = placed();
  const [first, last] = [Math.max(0, start), Math.min(room()[0], start + width)];
  return { at: first + view.divider * (last - first), first, last };
}

/** Client coordinates -> fractions of the picture. */
function fractions(event) {
  const box = stage.getBoundingClientRect();
  const [x, y, width, height] = placed();
  return [(event.clientX - box.left - x) / width, (event.clientY - box.top - y) / height];
}

function layOut() {
  const [x, y, width, height] = placed();
  Object.assign(picture.style, {
    left: `${x}px`,
    top: `${y}px`,
    width: `${width}px`,
    height: `${height}px`,
  });
  picture.classList.toggle("exact", scale() >= 2 * unit());
  const { at } = divided();
  divider.style.left = `${at}px`;
  divider.setAttribute("aria-valuenow", Math.round(view.divider * 100));
  left.style.clipPath = paired() ? `inset(0 ${width - (at - x)}px 0 0)` : "";
  right.style.clipPath = `inset(0 0 0 ${at - x}px)`;
  for (const button of root.querySelectorAll("[data-zoom]")) {
    button.setAttribute("aria-pressed", Number(button.dataset.zoom) === view.zoom);
  }
  redraw();
}

// --- Moving and zooming -------------------------------------------------------------------------

/** Zooms so that what is at a place of the stage, in CSS pixels from its middle, stays there. */
function zoomTo(zoom, [dx, dy] = [0, 0]) {
  const before = placed();
  const at = [dx, dy].map((d, i) => (room()[i] / 2 + d - before[i]) / before[i + 2]);
  view.zoom = zoom * unit() <= fitting() && zoom < 1 ? 0 : clamp(zoom, 0, LEVELS.at(-1));
  const sizes = pixels().map((size) => size * scale());
  view.center = at.map((share, i) => clamp(share - [dx, dy][i] / sizes[i], 0, 1));
  layOut();
}

function stepZoom(direction) {
  const now = view.zoom || fitting() / unit();
  const next = direction > 0 ? LEVELS.find((z) => z > now) : LEVELS.findLast((z) => z < now);
  if (direction > 0 ? next : view.zoom) zoomTo(next && next * unit() > fitting() ? next : 0);
}

/** By CSS pixels, from where the picture is seen to be. */
function pan(dx, dy) {
  const where = placed();
  view.center = [dx, dy].map((d, i) => {
    const half = room()[i] / 2 / where[i + 2];
    return clamp(
      half - (where[i] + d) / where[i + 2],
      Math.min(half, 0.5),
      Math.max(1 - half, 0.5),
    );
  });
  if (!view.lens) view.point = [...view.center];
  layOut();
}

function moveDivider(share) {
  view.divider = clamp(share, 0, 1);
  layOut();
}

function lookAt(point) {
  view.point = point.map((share) => clamp(share, 0, 1));
  redraw();
}

// --- Lens and tiles -----------------------------------------------------------------------------

let scheduled = false;

function redraw() {
  if (scheduled) return;
  scheduled = true;
  requestAnimationFrame(() => {
    scheduled = false;
    placeLens();
    if (view.lens && paired())
      [left, right].forEach((image, i) => draw(image, lenses[i], lensZoom()));
    for (const tile of root.querySelectorAll(".tiles canvas")) draw(tile.image, tile, TILE);
  });
}

const lensZoom = () => Math.max(LENS, Math.round(2 * view.zoom));

/** The picture's pixels around `view.point`, each a square of whole pixels of the screen. */
function draw(image, canvas, zoom) {
  const [width, height] = [canvas.clientWidth, canvas.clientHeight].map((side) =>
    Math.round(side * devicePixelRatio),
  );
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.clearRect(0, 0, width, height);
  if (!image?.naturalWidth) return;
  const each = zoom * Math.max(1, Math.round(devicePixelRatio));
  // Only what is in sight: Chromium would scale the whole of a large picture.
  const [x, columns, atX] = cut(view.point[0], image.naturalWidth, width, each);
  const [y, rows, atY] = cut(view.point[1], image.naturalHeight, height, each);
  context.drawImage(image, x, y, columns, rows, atX, atY, columns * each, rows * each);
}

/** Along one side: the first pixel in sight, how many there are, and where the first one goes. */
function cut(share, size, space, each) {
  const half = space / each / 2;
  const middle = size <= 2 * half ? size / 2 : clamp(share * size, half, size - half);
  const start = Math.round(space / 2 - middle * each);
  const first = clamp(Math.floor(-start / each), 0, size - 1);
  const end = clamp(Math.ceil((space - start) / each), first + 1, size);
  return [first, end - first, start + first * each];
}

/** The lens at the stage's other half, and a frame where it looks. */
function placeLens() {
  const on = view.lens && paired();
  find(".lens").hidden = find(".frame").hidden = !on;
  if (!on) return;
  const sides = pixels().map((size, i) => {
    const side = i ? lenses[0].clientHeight : lenses[0].clientWidth;
    return side / (lensZoom() * unit()) / size;
  });
  const [x, y] = view.point.map((share, i) =>
    sides[i] >= 1 ? 0 : clamp(share - sides[i] / 2, 0, 1 - sides[i]),
  );
  setBox(find(".frame"), [x, y, Math.min(1, x + sides[0]), Math.min(1, y + sides[1])]);
  const [, top, , height] = placed();
  find(".lens").classList.toggle("below", top + view.point[1] * height < room()[1] / 2);
}

/** Places a box, given as left, top, right, bottom in fractions, in the picture. */
function setBox(box, [x, y, end, bottom]) {
  const percents = { left: x, top: y, width: end - x, height: bottom - y };
  for (const [name, share] of Object.entries(percents)) box.style[name] = `${share * 100}%`;
}

// --- Pointer, wheel, keys -------------------------------------------------------------------------

const SWIPE = 8; // CSS pixels that a finger moves across before it takes the divider
const pointers = new Map();
let gesture = null;

function press(event) {
  if (event.button || event.target.closest("button, select, .message, .work")) return;
  pointers.set(event.pointerId, [event.clientX, event.clientY]);
  if (view.cropping) return pressCrop(event);
  if (!paired()) return;
  const touch = event.pointerType === "touch";
  if (pointers.size === 2) gesture = "pinch";
  else if (event.target === divider) gesture = "divider";
  else if (event.target.matches(".frame") && touch) gesture = "frame";
  else if (view.zoom) gesture = "pan";
  else gesture = touch ? "swipe" : "divider";
  if (gesture === "divider" && !touch) dragDivider(event);
  stage.setPointerCapture(event.pointerId);
}

function move(event) {
  if (view.cropping) return dragCrop(event);
  const last = pointers.get(event.pointerId);
  if (event.pointerType !== "touch" && view.lens && paired()) lookAt(fractions(event));
  if (!last || !gesture) return;
  const moved = [event.clientX - last[0], event.clientY - last[1]];
  if (gesture === "swipe") {
    if (Math.abs(moved[0]) < SWIPE) return; // it may yet scroll the page
    gesture = "divider";
  }
  if (gesture === "pinch") pinch(event, last, moved);
  else if (gesture === "divider") dragDivider(event);
  else if (gesture === "frame") lookAt(fractions(event));
  else pan(...moved);
  pointers.set(event.pointerId, [event.clientX, event.clientY]);
}

function dragDivider(event) {
  const { first, last } = divided();
  moveDivider((event.clientX - stage.getBoundingClientRect().left - first) / (last - first));
}

/** Two fingers: their distance zooms, their middle pans. */
function pinch(event, last, moved) {
  const [, other] = [...pointers].find(([id]) => id !== event.pointerId) ?? [];
  if (!other) return;
  const distance = ([x, y]) => Math.hypot(x - other[0], y - other[1]) || 1;
  const ratio = distance([event.clientX, event.clientY]) / distance(last);
  zoomTo((view.zoom || fitting() / unit()) * ratio, fromMiddle(event, other));
  pan(moved[0] / 2, moved[1] / 2);
}

/** From the stage's middle to the place of an event, or halfway to another point. */
function fromMiddle(event, other = [event.clientX, event.clientY]) {
  const box = stage.getBoundingClientRect();
  return [
    (event.clientX + other[0]) / 2 - box.left - box.width / 2,
    (event.clientY + other[1]) / 2 - box.top - box.height / 2,
  ];
}

function release(event) {
  const tapped = event.type === "pointerup" && event.pointerType === "touch";
  if (tapped && view.lens && paired() && gesture !== "pinch") lookAt(fractions(event));
  pointers.delete(event.pointerId);
  gesture = null;
  endCrop();
}

/** With Ctrl, which a pinch on a touchpad has, too; without it the page scrolls. */
function wheel(event) {
  if (!event.ctrlKey || !paired()) return;
  event.preventDefault();
  const ratio = Math.exp(
    -clamp(event.deltaY, -100, 100) * (Math.abs(event.deltaY) < 20 ? 0.02 : 0.003),
  );
  zoomTo((view.zoom || fitting() / unit()) * ratio, fromMiddle(event));
}

function key(event) {
  if (view.cropping && event.key === "Escape") return act("cancel");
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.target.matches("select, button")) return;
  if (event.target === divider) return dividerKey(event);
  if (view.cropping) return cropKey(event);
  if (!paired()) return;
  const [dx, dy] = ARROWS[event.key] ?? [];
  if (dx === undefined) {
    if (!"+=-_0".includes(event.key)) return;
    event.preventDefault();
    if (event.key === "0") zoomTo(0);
    else stepZoom("+=".includes(event.key) ? 1 : -1);
  } else {
    event.preventDefault();
    if (view.zoom && !view.lens) pan(...[-dx, -dy].map((d, i) => d * room()[i] * KEY_SHARE));
    else
      lookAt(
        view.point.map(
          (share, i) => share + ([dx, dy][i] * (event.shiftKey ? 1 : 10)) / pixels()[i],
        ),
      );
  }
}

function dividerKey(event) {
  const now = view.divider;
  const [dx, dy] = ARROWS[event.key] ?? [];
  const ends = { Home: 0, End: 1, PageDown: now - 0.1, PageUp: now + 0.1 };
  if (dx === undefined && !(event.key in ends)) return;
  event.preventDefault();
  moveDivider(dx === undefined ? ends[event.key] : now + 0.02 * (dx - dy));
}
