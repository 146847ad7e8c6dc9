// --- Crop: a box drawn on the photo ---------------------------------------------------------------

const REACH = { mouse: 8, pen: 12, touch: 22 }; // how near an edge is taken hold of, in CSS pixels
const CLICK = 4; // CSS pixels that a pointer may move in a mere click
const KEY_STEP = 0.01;

const frame = find(".box");
let drawing = null; // the gesture: where it began, the edges it holds, and the box as it was

const isWhole = () => view.box.every((edge, i) => edge === WHOLE[i]);
const least = () => pixels().map((size) => Math.min(1, props.least / size));
const parsed = (text) => (text ? text.split(",").map(Number) : null);

/** The photo with the box that is asked for, else the one around the bird that was found. */
function startCrop(box) {
  Object.assign(view, { cropping: true, zoom: 0 });
  view.box = box ?? parsed(value.box) ?? parsed(value.found) ?? WHOLE;
  render();
  stage.focus({ preventScroll: true });
}

function showCrop() {
  frame.hidden = !view.cropping || isWhole();
  if (!view.cropping) return;
  setBox(frame, view.box);
  const [width, height] = [0, 1].map((axis) =>
    Math.round((view.box[axis + 2] - view.box[axis]) * value.size[axis]),
  );
  const large = value.limit && width * height > value.limit;
  const facts = { width, height, all: value.size.join(" × "), most: (value.limit ?? 0) / 1e6 };
  const size = say(isWhole() ? "crop_hint" : "crop_size", facts);
  const most = value.limit ? ` ${say("crop_large", facts)}` : "";
  find(".cropping p").textContent = `${size}${most}`;
  const apply = find("[data-do=apply]");
  apply.disabled = Boolean(large);
  apply.textContent = say("apply", { time: lasting(width * height * value.pace) });
  find("[data-do=whole]").disabled = isWhole();
}

function lasting(seconds) {
  const minutes = seconds > 90;
  return say(minutes ? "minutes" : "seconds", {
    time: Math.max(1, Math.round(seconds / (minutes ? 60 : 1))),
  });
}

function setCrop(box) {
  view.box = box.map((edge) => Number(clamp(edge, 0, 1).toFixed(5)));
  showCrop();
}

/** The edges near a point: two at a corner, none inside, null if it is outside the box. */
function held(point, reach) {
  const near = placed()
    .slice(2)
    .map((side) => reach / side);
  const outside = point.some(
    (share, axis) => share < view.box[axis] - near[axis] || share > view.box[axis + 2] + near[axis],
  );
  if (outside || isWhole()) return null;
  return point.flatMap((share, axis) => {
    const [first, second] = [0, 2].map((i) => Math.abs(share - view.box[axis + i]));
    if (Math.min(first, second) > near[axis]) return [];
    return [first <= second ? axis : axis + 2];
  });
}

const inside = (event) => fractions(event).map((share) => clamp(share, 0, 1));

function pressCrop(event) {
  if (!event.isPrimary) return;
  stage.setPointerCapture(event.pointerId);
  const start = inside(event);
  const edges = held(start, REACH[event.pointerType] ?? REACH.mouse);
  drawing = { start, edges, box: view.box, client: [event.clientX, event.clientY] };
}

function dragCrop(event) {
  if (!drawing) return showHold(event);
  const way = Math.hypot(event.clientX - drawing.client[0], event.clientY - drawing.client[1]);
  if (!drawing.begun && way < CLICK) return;
  drawing.begun = true;
  find(".cropping p").setAttribute("aria-live", "off"); // it would be read out at every step
  const { start, edges, box } = drawing;
  const point = inside(event);
  if (!edges) setCrop(drawn(start, point));
  else if (edges.length)
    setCrop(
      resized(
        box,
        edges.map((i) => [i, point[i % 2]]),
      ),
    );
  else setCrop(shifted(box, [point[0] - start[0], point[1] - start[1]]));
}

function endCrop() {
  drawing = null;
  find(".cropping p").setAttribute("aria-live", "polite");
}

/** The box between two points, at least as large as one may be. */
function drawn(start, end) {
  const first = start.map((share, i) => clamp(Math.min(share, end[i]), 0, 1 - least()[i]));
  return [...first, ...start.map((share, i) => Math.max(share, end[i], first[i] + least()[i]))];
}

/** Moved as a whole, and stopped by the photo's edges. */
function shifted(box, way) {
  const [dx, dy] = way.map((d, i) => clamp(d, -box[i], 1 - box[i + 2]));
  return [box[0] + dx, box[1] + dy, box[2] + dx, box[3] + dy];
}

/** With some edges set, as [index, share]; none passes the one across from it. */
function resized(box, edges) {
  const next = [...box];
  for (const [i, share] of edges) {
    const axis = i % 2;
    next[i] =
      i < 2
        ? clamp(share, 0, box[axis + 2] - least()[axis])
        : clamp(share, box[axis] + least()[axis], 1);
  }
  return next;
}

/** Shows with the pointer's shape what pressing here would do. */
function showHold(event) {
  const edges = held(fractions(event), REACH.mouse);
  let cursor = "crosshair";
  if (edges?.length === 2) cursor = edges[1] - edges[0] === 1 ? "nwse-resize" : "nesw-resize";
  else if (edges) cursor = edges.length ? ["ew-resize", "ns-resize"][edges[0] % 2] : "move";
  stage.style.cursor = cursor;
}

/** Arrows move the box, with Shift its right and bottom edges; Enter takes it. */
function cropKey(event) {
  if (event.key === "Enter") return act("apply");
  const way = ARROWS[event.key]?.map((direction) => direction * KEY_STEP);
  if (!way) return;
  event.preventDefault();
  if (!event.shiftKey) return setCrop(shifted(view.box, way));
  setCrop(resized(view.box, way[0] ? [[2, view.box[2] + way[0]]] : [[3, view.box[3] + way[1]]]));
}
