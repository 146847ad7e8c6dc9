// The crop tool below a photo: a box that is drawn, moved, or typed in percent.
// Gradio runs this with `element` (what the template became) and `props` (`image`: the elem_id of
// the photo's component, `words`: the texts by language, `value`: what Python gets).

const WHOLE = [0, 0, 1, 1];
const LEAST = 8; // pixels along a side, as in sr/photo.py
const BLIND_LEAST = 0.01; // of a side, where the photo's size is not known
const REACH = { mouse: 8, pen: 12, touch: 22 }; // how near an edge is taken hold of, in CSS pixels
const CLICK = 4; // CSS pixels that a pointer may move in a mere click
const KEY_STEP = 0.01;
const EDGES = ["left", "top", "right", "bottom"];
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const root = element.querySelector(".crop");
const stage = root.querySelector(".stage");
const picture = root.querySelector("img");
const frame = root.querySelector(".box");
const inputs = [...root.querySelectorAll("input")];
const whole = root.querySelector("button");
const used = root.querySelector(".used");
const words = props.words[navigator.language.startsWith("ko") ? "ko" : "en"];

// box: left, top, right, bottom in fractions of the upright photo.
const state = { box: WHOLE, source: "", gesture: null };

const say = (key, values = {}) => words[key].replace(/{(\w+)}/g, (_, name) => values[name]);
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const percent = (fraction) => Number((fraction * 100).toFixed(1));
const isWhole = (box) => box.every((edge, i) => edge === WHOLE[i]);
const photoSize = () => [picture.naturalWidth, picture.naturalHeight];
const least = () => photoSize().map((size) => (size ? Math.min(1, LEAST / size) : BLIND_LEAST));

// --- The box --------------------------------------------------------------------------------

function setBox(box) {
  state.box = box.map((edge) => Number(clamp(edge, 0, 1).toFixed(5)));
  // This is what Python gets; the template doesn't use it, so nothing is rendered anew.
  props.value = isWhole(state.box) ? "" : state.box.join(",");
  show();
}

function show() {
  const { box } = state;
  const [left, top, right, bottom] = box.map((edge) => edge * 100);
  Object.assign(frame.style, {
    left: `${left}%`,
    top: `${top}%`,
    width: `${right - left}%`,
    height: `${bottom - top}%`,
  });
  frame.hidden = whole.disabled = isWhole(box);
  inputs.forEach((input, i) => {
    if (input !== document.activeElement) input.value = percent(box[i]);
  });
  used.textContent = describe(box);
}

function describe(box) {
  if (isWhole(box)) return say("crop_is_whole");
  const edges = Object.fromEntries(EDGES.map((name, i) => [name, percent(box[i])]));
  const [width, height] = photoSize();
  if (!width) return say("crop_is_part", edges);
  const size = {
    width: Math.round(box[2] * width) - Math.round(box[0] * width),
    height: Math.round(box[3] * height) - Math.round(box[1] * height),
    all_width: width,
    all_height: height,
  };
  return `${say("crop_is_part", edges)} ${say("crop_pixels", size)}`;
}

/** Moved as a whole, and stopped by the photo's edges. */
function moved(box, dx, dy) {
  const x = clamp(dx, -box[0], 1 - box[2]);
  const y = clamp(dy, -box[1], 1 - box[3]);
  return [box[0] + x, box[1] + y, box[2] + x, box[3] + y];
}

/** With some edges set, by index; none passes the one across from it. */
function resized(box, edges) {
  const next = [...box];
  const room = least();
  for (const [index, value] of Object.entries(edges)) {
    const axis = index % 2;
    next[index] =
      index < 2
        ? clamp(value, 0, box[axis + 2] - room[axis])
        : clamp(value, box[axis] + room[axis], 1);
  }
  return next;
}

// --- Pointer --------------------------------------------------------------------------------

function at(event) {
  const { left, top, width, height } = stage.getBoundingClientRect();
  return [
    clamp((event.clientX - left) / width, 0, 1),
    clamp((event.clientY - top) / height, 0, 1),
  ];
}

/** The edges near a point: two at a corner, none inside, null if it is outside the box. */
function held(point, reach) {
  const { box } = state;
  const { width, height } = stage.getBoundingClientRect();
  const near = [reach / width, reach / height];
  const outside = point.some(
    (value, axis) => value < box[axis] - near[axis] || value > box[axis + 2] + near[axis],
  );
  if (outside || isWhole(box)) return null;
  return point.flatMap((value, axis) => {
    const [first, second] = [Math.abs(value - box[axis]), Math.abs(value - box[axis + 2])];
    if (Math.min(first, second) > near[axis]) return [];
    return [first <= second ? axis : axis + 2];
  });
}

function press(event) {
  if (event.button || !event.isPrimary) return;
  stage.setPointerCapture(event.pointerId);
  const start = at(event);
  const edges = held(start, REACH[event.pointerType] ?? REACH.mouse);
  state.gesture = { start, edges, box: state.box, client: [event.clientX, event.clientY] };
}

function drag(event) {
  const { gesture } = state;
  if (!gesture) return hover(event);
  const way = Math.hypot(event.clientX - gesture.client[0], event.clientY - gesture.client[1]);
  if (!gesture.begun && way < CLICK) return;
  gesture.begun = true;
  used.setAttribute("aria-live", "off"); // it would be read out at every step
  const point = at(event);
  if (!gesture.edges) setBox(drawn(gesture.start, point));
  else if (gesture.edges.length) {
    setBox(resized(gesture.box, Object.fromEntries(gesture.edges.map((i) => [i, point[i % 2]]))));
  } else setBox(moved(gesture.box, point[0] - gesture.start[0], point[1] - gesture.start[1]));
}

/** The box between two points, at least as large as one may be. */
function drawn(start, end) {
  const room = least();
  const first = start.map((value, axis) => clamp(Math.min(value, end[axis]), 0, 1 - room[axis]));
  const last = start.map((value, axis) => Math.max(value, end[axis], first[axis] + room[axis]));
  return [...first, ...last];
}

function release() {
  state.gesture = null;
  used.setAttribute("aria-live", "polite");
  used.textContent = describe(state.box);
}

/** Shows with the pointer's shape what pressing here would do. */
function hover(event) {
  const edges = held(at(event), REACH.mouse);
  const names = { 0: "ew-resize", 1: "ns-resize", 2: "ew-resize", 3: "ns-resize" };
  let cursor = "crosshair";
  if (edges?.length === 2) cursor = edges[1] - edges[0] === 1 ? "nwse-resize" : "nesw-resize";
  else if (edges) cursor = edges.length ? names[edges[0]] : "move";
  stage.style.cursor = cursor;
}

// --- Keys and numbers -------------------------------------------------------------------------

function key(event) {
  if (!(event.key in ARROWS) || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  const [dx, dy] = ARROWS[event.key].map((direction) => direction * KEY_STEP);
  const { box } = state;
  // With Shift the right and bottom edges move.
  if (event.shiftKey) setBox(resized(box, dx ? { 2: box[2] + dx } : { 3: box[3] + dy }));
  else setBox(moved(box, dx, dy));
}

function typed(event) {
  const value = event.target.valueAsNumber / 100;
  if (Number.isFinite(value)) {
    setBox(resized(state.box, { [event.target.dataset.edge]: value }));
  }
}

// --- The photo --------------------------------------------------------------------------------

/** With Gradio's blocks around it, which would leave a gap in the page. */
function setHidden(hidden) {
  root.hidden = hidden;
  element.closest(".block").style.display = hidden ? "none" : "";
}

/** Starts anew when another photo is chosen. */
function followPhoto() {
  const source = document.getElementById(props.image)?.querySelector("img")?.src ?? "";
  if (source === state.source) return;
  state.source = source;
  state.gesture = null;
  setHidden(!source);
  stage.hidden = true;
  if (source) picture.src = source;
  else picture.removeAttribute("src");
  setBox(WHOLE);
}

function shown() {
  stage.hidden = false;
  root.querySelector(".hint").textContent = say("crop_hint");
  show();
}

/** HEIC, TIFF and others that this browser can't show: the numbers still work. */
function blind() {
  stage.hidden = true;
  root.querySelector(".hint").textContent = say("crop_blind");
  show();
}

// --- Start ------------------------------------------------------------------------------------

element.parentElement.style.padding = 0; // Gradio sets one, whatever `padding` says
setHidden(true);
root.querySelector("summary").textContent = say("crop_title");
root.querySelector(".edges").setAttribute("aria-label", say("crop_title"));
stage.setAttribute("aria-label", say("crop_stage"));
whole.textContent = say("crop_whole");
inputs.forEach((input, i) => {
  input.previousElementSibling.textContent = say(`crop_${EDGES[i]}`);
  input.addEventListener("input", typed);
  input.addEventListener("change", show);
  input.addEventListener("blur", show); // what was typed, as it was taken
});
whole.addEventListener("click", () => setBox(WHOLE));
picture.addEventListener("load", shown);
picture.addEventListener("error", blind);
stage.addEventListener("pointerdown", press);
stage.addEventListener("pointermove", drag);
stage.addEventListener("pointerup", release);
stage.addEventListener("pointercancel", release);
stage.addEventListener("keydown", key);

// A button elsewhere with a box in data-crop opens the tool with that box.
document.addEventListener("click", (event) => {
  const box = event.target.closest?.("[data-crop]")?.dataset.crop;
  if (!box || !element.isConnected || root.hidden) return;
  root.open = true;
  setBox(box.split(",").map(Number));
  root.scrollIntoView({ block: "center" });
  stage.focus({ preventScroll: true });
});

let looking = false;
const changes = new MutationObserver(() => {
  if (looking) return;
  looking = true;
  // A task, not a frame: the box must be gone before anyone can press a button, even in a
  // tab that isn't drawn.
  setTimeout(() => {
    looking = false;
    if (element.isConnected) followPhoto();
    else changes.disconnect();
  });
});
changes.observe(document.body, { subtree: true, childList: true, attributeFilter: ["src"] });
followPhoto();
