// The linked magnifier below an image slider: the same area of both pictures, pixel by pixel.
// Gradio runs this with `element` (what the template became) and `props` (`slider`: the slider's
// elem_id, `words`: the texts by language).

const LEVELS = [1, 2, 3, 4, 6, 8, 12, 16]; // what the wheel and the keys step through
const WHEEL_STEP = 50; // a mouse's notch is 100 or 120; a touchpad sends many small ones
const KEY_SHARE = 0.1; // of the view, for each arrow key
const QUIET = 700; // milliseconds until the position is read out
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const root = element.querySelector(".magnifier");
const lenses = root.querySelector(".lenses");
const canvases = [...root.querySelectorAll("canvas")];
const range = root.querySelector("input");
const words = props.words[navigator.language.startsWith("ko") ? "ko" : "en"];

// The view: `point` is what is looked at, in fractions of the picture, so that it stays when a
// preview is replaced by a picture of another size.
const state = { point: [0.5, 0.5], pictures: [], sources: "" };

const say = (key, values = {}) => words[key].replace(/{(\w+)}/g, (_, name) => values[name]);
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const setText = (selector, text) => {
  root.querySelector(selector).textContent = text;
};

// --- The view -------------------------------------------------------------------------------

/** Screen pixels (of the device, so that each is exact) for one pixel of the picture. */
const scale = () => Number(range.value) * Math.max(1, Math.round(devicePixelRatio));

/** The picture's pixel in the middle of the lens: `point`, kept so that no room is wasted. */
function middle(picture, canvas) {
  return [
    [picture.naturalWidth, canvas.width],
    [picture.naturalHeight, canvas.height],
  ].map(([size, room], axis) => {
    const half = room / scale() / 2;
    return size <= 2 * half ? size / 2 : clamp(state.point[axis] * size, half, size - half);
  });
}

function lookAt(x, y) {
  const [{ naturalWidth, naturalHeight }] = state.pictures;
  state.point = [clamp(x / naturalWidth, 0, 1), clamp(y / naturalHeight, 0, 1)];
  redraw();
}

/** Moves the view by pixels of the picture, from where it is seen to be. */
function pan(dx, dy) {
  const [x, y] = middle(state.pictures[0], canvases[0]);
  lookAt(x + dx, y + dy);
}

function setZoom(zoom) {
  range.value = zoom;
  redraw();
}

function stepZoom(direction) {
  const zoom = Number(range.value);
  const next = direction > 0 ? LEVELS.find((z) => z > zoom) : LEVELS.findLast((z) => z < zoom);
  if (next) setZoom(next);
}

// --- Drawing --------------------------------------------------------------------------------

let scheduled = false;

function redraw() {
  if (scheduled) return;
  scheduled = true;
  requestAnimationFrame(() => {
    scheduled = false;
    if (!state.pictures.length) return;
    state.pictures.forEach((picture, i) => draw(picture, canvases[i]));
    tellPosition();
  });
}

function draw(picture, canvas) {
  const context = canvas.getContext("2d");
  const zoom = scale();
  const [left, top] = corner(picture, canvas);
  // Only what is in sight: Chromium would scale the whole of a large picture.
  const [x, width] = visible(left, zoom, canvas.width, picture.naturalWidth);
  const [y, height] = visible(top, zoom, canvas.height, picture.naturalHeight);
  context.imageSmoothingEnabled = false;
  context.clearRect(0, 0, canvas.width, canvas.height);
  const target = [left + x * zoom, top + y * zoom, width * zoom, height * zoom];
  context.drawImage(picture, x, y, width, height, ...target);
}

/** Where the picture's corner is in the canvas: rounded, so that pixels meet those of the screen. */
function corner(picture, canvas) {
  const [x, y] = middle(picture, canvas);
  return [Math.round(canvas.width / 2 - x * scale()), Math.round(canvas.height / 2 - y * scale())];
}

/** The first pixel in sight along one side, and how many there are. */
function visible(start, zoom, room, size) {
  const first = clamp(Math.floor(-start / zoom), 0, size - 1);
  const end = clamp(Math.ceil((room - start) / zoom), first + 1, size);
  return [first, end - first];
}

/** Gives a canvas as many pixels as the screen has there. */
function fit(entry) {
  const { width, height } = entry.contentRect;
  const exact = entry.devicePixelContentBoxSize?.[0];
  const columns = screenPixels(width, exact?.inlineSize);
  const rows = screenPixels(height, exact?.blockSize);
  const canvas = entry.target;
  if (columns && rows && (canvas.width !== columns || canvas.height !== rows)) {
    [canvas.width, canvas.height] = [columns, rows];
    redraw();
  }
}

/** As the browser counted them; by the ratio where it can't, or (emulating a phone) miscounts. */
function screenPixels(size, counted) {
  const guess = size * devicePixelRatio;
  return Math.abs(counted - guess) <= 1 ? counted : Math.round(guess);
}

// --- Words ----------------------------------------------------------------------------------

let reading;

function tellPosition() {
  const { width, height } = canvases[0];
  const [left, top] = corner(state.pictures[0], canvases[0]);
  const x = Math.floor((Math.floor(width / 2) - left) / scale());
  const y = Math.floor((Math.floor(height / 2) - top) / scale());
  setText(".where", say("magnifier_where", { x, y, zoom: range.value }));
  range.setAttribute("aria-valuetext", `${range.value}×`);
}

/** Reads the position out once it has come to rest; following the pointer is never read out. */
function announce() {
  clearTimeout(reading);
  reading = setTimeout(() => {
    setText(".said", root.querySelector(".where").textContent);
  }, QUIET);
}

function tellSizes() {
  const [before, after] = state.pictures.map((p) => `${p.naturalWidth} × ${p.naturalHeight}`);
  setText(".sizes", say("magnifier_sizes", { before, after }));
}

function labelEverything() {
  const names = [say("magnifier_before"), say("magnifier_after")];
  canvases.forEach((canvas, i) => {
    canvas.setAttribute("aria-label", say("magnifier_lens", { name: names[i] }));
    canvas.nextElementSibling.textContent = names[i];
  });
  lenses.setAttribute("aria-label", say("magnifier_label"));
  setText(".zoom span", say("magnifier_zoom"));
  setText(".hint", say("magnifier_hint"));
}

// --- The slider: its pictures, its pointer, its handle ----------------------------------------

const slider = () => document.getElementById(props.slider);
const sliderImages = () => [...(slider()?.querySelectorAll("img") ?? [])].slice(0, 2);

/** Follows the slider's pictures; the old ones stay until both new ones are decoded. */
async function followPictures() {
  const images = sliderImages();
  const urls = images.map((image) => image.src).filter(Boolean);
  const sources = urls.length === 2 ? urls.join(" ") : "";
  improve(images);
  if (sources === state.sources) return;
  state.sources = sources;
  const pictures = sources ? await Promise.all(urls.map(load)).catch(() => []) : [];
  if (sources !== state.sources) return; // meanwhile another pair has come
  state.pictures = pictures;
  setHidden(!pictures.length);
  if (!pictures.length) return;
  tellSizes();
  redraw();
}

/** With Gradio's blocks around it, which would leave a gap in the page. */
function setHidden(hidden) {
  root.hidden = hidden;
  element.closest(".block").style.display = hidden ? "none" : "";
}

async function load(url) {
  const picture = new Image();
  picture.src = url;
  await picture.decode();
  return picture;
}

/** What Gradio's slider lacks: alternative texts and a handle for the keyboard. */
function improve(images) {
  images.forEach((image, i) => {
    const alt = say(i ? "magnifier_after" : "magnifier_before");
    if (image.alt !== alt) image.alt = alt;
  });
  const handle = slider()?.querySelector("[data-testid=slider]");
  if (!handle || !images.length || handle.tabIndex === 0) return;
  handle.tabIndex = 0;
  handle.setAttribute("role", "slider");
  handle.setAttribute("aria-label", say("magnifier_divider"));
  tellDivider(handle);
  handle.addEventListener("keydown", (event) => moveByKey(event, handle));
  new MutationObserver(() => tellDivider(handle)).observe(handle, { attributeFilter: ["style"] });
}

/** What the divider moves over: the picture without the room beside it, as if not zoomed. */
function way(handle) {
  const [image] = sliderImages();
  const { offsetLeft, offsetWidth, offsetHeight, naturalWidth, naturalHeight } = image;
  const shrink = Math.min(offsetWidth / naturalWidth, offsetHeight / naturalHeight);
  const width = (naturalWidth ? naturalWidth * shrink : offsetWidth) || 1;
  const { left } = handle.parentElement.getBoundingClientRect();
  return { left: left + offsetLeft + (offsetWidth - width) / 2, width };
}

/** Where the divider is, in percent of its way. */
function dividerAt(handle) {
  const { left, width } = way(handle);
  const box = handle.getBoundingClientRect();
  return clamp(((box.left + box.width / 2 - left) / width) * 100, 0, 100);
}

function tellDivider(handle) {
  handle.setAttribute("aria-valuenow", Math.round(dividerAt(handle)));
}

function moveByKey(event, handle) {
  const now = dividerAt(handle);
  const targets = {
    ArrowLeft: now - 2,
    ArrowDown: now - 2,
    ArrowRight: now + 2,
    ArrowUp: now + 2,
    PageDown: now - 10,
    PageUp: now + 10,
    Home: 0,
    End: 100,
  };
  if (!(event.key in targets) || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  moveDivider(handle, clamp(targets[event.key], 0, 100));
}

/** Moves the divider as a mouse would: pressing and letting go where it shall be. */
function moveDivider(handle, percent) {
  const { left, width } = way(handle);
  const box = handle.getBoundingClientRect();
  const clientX = left + (width * percent) / 100;
  const clientY = box.top + box.height / 2;
  const mouse = { clientX, clientY, bubbles: true, cancelable: true, view: window };
  handle.dispatchEvent(new MouseEvent("mousedown", mouse));
  window.dispatchEvent(new MouseEvent("mouseup", mouse));
}

/** Looks at what is under the pointer, however the slider's picture is zoomed and letterboxed. */
function followPointer(event) {
  if (!state.pictures.length || !event.target.closest?.(`#${CSS.escape(props.slider)}`)) return;
  const [image] = sliderImages();
  if (!image?.naturalWidth) return;
  const box = image.getBoundingClientRect();
  const shrink = Math.min(box.width / image.naturalWidth, box.height / image.naturalHeight);
  const x = (event.clientX - (box.left + box.right) / 2) / (image.naturalWidth * shrink) + 0.5;
  const y = (event.clientY - (box.top + box.bottom) / 2) / (image.naturalHeight * shrink) + 0.5;
  if (x < 0 || x > 1 || y < 0 || y > 1) return;
  state.point = [x, y];
  redraw();
}

// --- Inside the lenses ------------------------------------------------------------------------

let wheeled = 0;

function startDrag(event) {
  if (event.button) return;
  event.currentTarget.setPointerCapture(event.pointerId);
  event.currentTarget.last = [event.clientX, event.clientY];
}

function drag(event) {
  const { last } = event.currentTarget;
  if (!last || !state.pictures.length) return;
  const step = devicePixelRatio / scale();
  pan((last[0] - event.clientX) * step, (last[1] - event.clientY) * step);
  event.currentTarget.last = [event.clientX, event.clientY];
}

function endDrag(event) {
  event.currentTarget.last = null;
}

/** Zooms about the pointer: with Ctrl (a pinch, too), or once the lenses have the focus. */
function wheel(event) {
  if (!event.ctrlKey && document.activeElement !== lenses) return; // the page scrolls
  event.preventDefault();
  wheeled += event.ctrlKey && Math.abs(event.deltaY) < 20 ? event.deltaY * 10 : event.deltaY;
  if (Math.abs(wheeled) < WHEEL_STEP || !state.pictures.length) return;
  const box = event.currentTarget.getBoundingClientRect();
  const before = scale();
  const [x, y] = middle(state.pictures[0], canvases[0]);
  stepZoom(-wheeled);
  const moved = devicePixelRatio / before - devicePixelRatio / scale();
  lookAt(
    x + (event.clientX - (box.left + box.right) / 2) * moved,
    y + (event.clientY - (box.top + box.bottom) / 2) * moved,
  );
  wheeled = 0;
  announce();
}

function press(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || !state.pictures.length) return;
  if (event.key in ARROWS) {
    const room = Math.min(canvases[0].width, canvases[0].height) / scale();
    const step = event.shiftKey ? 1 : Math.max(1, Math.round(room * KEY_SHARE));
    pan(...ARROWS[event.key].map((direction) => direction * step));
  } else if (event.key === "+" || event.key === "=") {
    stepZoom(1);
  } else if (event.key === "-" || event.key === "_") {
    stepZoom(-1);
  } else {
    return;
  }
  event.preventDefault();
  announce();
}

// --- Start ------------------------------------------------------------------------------------

element.parentElement.style.padding = 0; // Gradio sets one, whatever `padding` says
setHidden(true);
labelEverything();
lenses.addEventListener("keydown", press);
range.addEventListener("input", () => {
  redraw();
  announce();
});
const sizes = new ResizeObserver((entries) => entries.forEach(fit));
for (const canvas of canvases) {
  try {
    sizes.observe(canvas, { box: "device-pixel-content-box" });
  } catch {
    sizes.observe(canvas); // Safari
  }
  canvas.addEventListener("pointerdown", startDrag);
  canvas.addEventListener("pointermove", drag);
  canvas.addEventListener("pointerup", endDrag);
  canvas.addEventListener("pointercancel", endDrag);
  canvas.addEventListener("wheel", wheel, { passive: false });
}

// On the document, because Gradio makes the slider's insides anew; until this part is gone itself.
const end = new AbortController();
let looking = false;
const changes = new MutationObserver(() => {
  if (looking) return;
  looking = true;
  requestAnimationFrame(() => {
    looking = false;
    if (element.isConnected) return followPictures();
    changes.disconnect();
    sizes.disconnect();
    end.abort();
  });
});
changes.observe(document.body, { subtree: true, childList: true, attributeFilter: ["src"] });
for (const kind of ["pointermove", "pointerdown"]) {
  document.addEventListener(kind, followPointer, { signal: end.signal });
}
followPictures();
