// --- What is shown, and what the buttons do ---------------------------------------------------------

const KEPT = { phase: "done", message: "" }; // where there are results and no work
let over = -1; // news of this run and of those before it are not wanted

/** Takes a value from the server, or one made here, and shows it. */
function show(next) {
  const newPhoto = next.file?.path !== value.file?.path || next.box !== value.box;
  const more = next.results.length !== value.results.length || next.pick !== value.pick;
  const found = next.found !== value.found;
  if (newPhoto) Object.assign(view, { zoom: 0, divider: 0.5 });
  if (newPhoto || found) Object.assign(view, { center: middleOf(next), point: middleOf(next) });
  if (newPhoto || more) Object.assign(view, { pick: next.pick, beside: -1 });
  if (newPhoto) view.cropping = false;
  const entered = next.phase !== value.phase;
  const large = next.phase === "large" && entered;
  value = next;
  if (large) startCrop();
  else render();
  if (entered) find(".said").textContent = spoken();
}

/** Where the bird is, else the middle. */
function middleOf({ found, box }) {
  const [x, y, end, bottom] = (!box && parsed(found)) || WHOLE;
  return [(x + end) / 2, (y + bottom) / 2];
}

/** What screen readers say of a new phase; of a message they say it themselves. */
function spoken() {
  if (value.phase === "working") return value.status;
  return value.phase === "done" ? find(".tag.after").textContent : "";
}

function render() {
  root.dataset.phase = value.phase;
  root.classList.toggle("cropping-on", view.cropping);
  root.classList.toggle("uploading", working() && !value.file);
  root.classList.toggle("uploaded", Boolean(value.file));
  root.classList.toggle("kept", Boolean(value.message && value.results.length));
  stage.tabIndex = value.phase === "empty" ? -1 : 0;
  const beside = value.results[view.beside];
  setPicture(left, view.cropping ? value.photo : (beside?.file ?? value.before ?? value.photo));
  setPicture(right, !view.cropping && value.before ? (value.growing ?? result()?.file) : null);
  root.classList.toggle("strip", Boolean(value.message) && !left.hidden);
  tell();
  showTools();
  showTiles();
  showCrop();
  layOut();
  const focused = document.activeElement; // it may just have gone
  if (root.contains(focused) && !focused.checkVisibility()) stage.focus({ preventScroll: true });
}

function setPicture(image, file) {
  const url = file?.url;
  if (!url) image.removeAttribute("src");
  else if (image.getAttribute("src") !== url) image.src = url;
  image.hidden = !url || image.broken === url;
}

/** Texts that change: what is shown, how far the work is, what went wrong. */
function tell() {
  const shown = !value.growing && result();
  find(".caption").textContent = shown
    ? say("caption", { name: value.name, ...shown })
    : (value.name ?? "");
  find(".work progress").value = value.share;
  find(".work span").textContent = value.status ?? "";
  find(".message p").textContent = value.message ?? "";
  find(".tag.after").textContent = shown ? say("after", shown) : say("unfinished");
  left.alt = value.before ? say("before_alt", value) : (value.name ?? "");
  right.alt = shown ? say("after_alt", { name: value.name, ...shown }) : say("unfinished");
  fillBeside();
}

/** What can be shown at the left: the photo itself and the other results. */
function fillBeside() {
  const select = find("select");
  const others = value.results.map((one, i) => [i, one.label]).filter(([i]) => i !== view.pick);
  const options = [[-1, say("before")], ...others].map(([i, label]) => new Option(label, i));
  select.replaceChildren(...options);
  select.value = view.beside;
}

function showTools() {
  const pair = paired();
  const several = pair && value.results.length > 1;
  divider.hidden = !pair;
  find("select").hidden = !several;
  find(".tag.before").hidden = !pair || several;
  find(".tag.after").hidden = !pair;
  find(".found").hidden = view.cropping || !value.found || Boolean(value.box);
  if (value.found) setBox(find(".found"), parsed(value.found));
  for (const name of ["zoom", "lens"]) {
    for (const button of root.querySelectorAll(`[data-do=${name}]`)) button.disabled = !pair;
  }
  find("[data-do=lens]").setAttribute("aria-pressed", view.lens);
  find("[data-do=crop]").setAttribute("aria-pressed", view.cropping);
  find("[data-do=crop]").disabled = !value.size?.[0] || working();
}

/** All results as equal crops, to pick from; made anew only where there are others. */
function showTiles() {
  const tiles = find(".tiles");
  tiles.hidden = value.results.length < 2 || view.cropping;
  const key = value.results.map((one) => one.file.url).join(" ");
  if (tiles.dataset.key !== key) {
    tiles.dataset.key = key;
    const photo = { file: value.before, label: say("before") };
    tiles.replaceChildren(...[photo, ...value.results].map((one, i) => tileOf(one, i - 1)));
  }
  for (const tile of tiles.querySelectorAll("button")) {
    tile.setAttribute("aria-pressed", Number(tile.dataset.pick) === view.pick);
    tile.disabled = working(); // what is being made would be shown instead
  }
}

function tileOf(one, pick) {
  const tile = document.createElement(pick < 0 ? "div" : "button");
  const [canvas, label] = [document.createElement("canvas"), document.createElement("span")];
  Object.assign(tile.dataset, pick < 0 ? {} : { do: "pick", pick });
  if (pick >= 0) tile.type = "button";
  label.textContent = pick < 0 ? one.label : say("tile", one);
  canvas.image = Object.assign(new Image(), { onload: redraw, src: one.file?.url ?? "" });
  tile.append(canvas, label);
  return tile;
}

function act(what, button) {
  const acts = {
    choose: () => chooser.click(),
    photograph: () => camera.click(),
    example: () => takeExample(button.dataset),
    zoom: () => zoomTo(Number(button.dataset.zoom)),
    lens: () => Object.assign(view, { lens: !view.lens }),
    crop: () => (view.cropping ? act("cancel") : startCrop()),
    whole: () => setCrop(WHOLE),
    cancel: () => Object.assign(view, { cropping: false }),
    apply,
    stop: () => (value.file ? send("stop", value) : forget()),
    retry: () => send("retry", { ...value, message: "" }),
    dismiss: () => send("select", { ...value, ...KEPT }),
    // Its download, facts and code come from the server.
    pick: () => send("select", { ...value, ...KEPT, pick: Number(button.dataset.pick) }),
  };
  acts[what]();
  if (["lens", "cancel"].includes(what)) render();
}

function apply() {
  if (find("[data-do=apply]").disabled) return;
  const box = isWhole() ? "" : view.box.join(",");
  view.cropping = false;
  const { file, name, photo, size, found, pace, run } = value;
  send("submit", { ...EMPTY, phase: "working", file, name, photo, size, found, pace, run, box });
}

// --- Start ----------------------------------------------------------------------------------------

for (const button of root.querySelectorAll("[data-do]")) {
  const text = words[`viewer_${button.dataset.do}`];
  if (text) button.textContent = text;
}
find(".tag.before").textContent = say("before");
find("[data-zoom='0']").textContent = say("fit");
find(".message [data-do=choose]").textContent = say("choose_another");
find(".drop .big").textContent = say("drop");
for (const [selector, text] of [
  [".stage", "stage"],
  [".divider", "divider"],
  ["select", "beside"],
]) {
  find(selector).setAttribute("aria-label", say(text));
}
for (const name of ["tools", "cropping", "tiles", "examples"]) {
  find(`.${name}`).setAttribute("aria-label", say(`${name}_label`));
}
lenses.forEach((canvas, i) =>
  canvas.setAttribute("aria-label", say(i ? "lens_after" : "lens_before")),
);
find(".work progress").setAttribute("aria-label", say("progress"));
for (const { url, orig_name } of props.value.examples) {
  const button = Object.assign(document.createElement("button"), { type: "button" });
  Object.assign(button.dataset, { do: "example", url, name: orig_name });
  const name = orig_name.split(".")[0].replaceAll("_", " ");
  button.append(Object.assign(new Image(), { src: url, alt: "" }), name);
  find(".examples").append(button);
}

root.addEventListener("click", (event) => {
  const button = event.target.closest("[data-do]");
  if (button && !button.disabled) act(button.dataset.do, button);
});
find("select").addEventListener("change", (event) => {
  view.beside = Number(event.target.value);
  render();
});
for (const input of [chooser, camera]) {
  input.addEventListener("change", () => {
    take(input.files[0]);
    input.value = ""; // so that the same photo can be chosen again
  });
}
for (const image of [left, right]) image.addEventListener("load", layOut);
left.addEventListener("error", () => {
  left.broken = left.getAttribute("src"); // a HEIC; the server's JPEG comes soon
  left.hidden = true;
});
stage.addEventListener("pointerdown", press);
stage.addEventListener("pointermove", move);
for (const kind of ["pointerup", "pointercancel"]) stage.addEventListener(kind, release);
stage.addEventListener("wheel", wheel, { passive: false });
stage.addEventListener("keydown", key);
new ResizeObserver(layOut).observe(stage);
watch("value", () => {
  const { run } = props.value;
  if (run > over && run >= value.run) show({ ...EMPTY, ...props.value });
});
listen();
render();
