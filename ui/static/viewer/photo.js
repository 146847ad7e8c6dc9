// --- The photo: chosen, dropped anywhere, pasted, an example ----------------------------------------

const [chooser, camera] = root.querySelectorAll("input[type=file]");
let taken = 0; // how many photos were; an upload that is overtaken by another is dropped

/** Shows the photo at once, uploads it, and has the server work on it. */
async function take(file) {
  if (!file) return;
  const mine = ++taken;
  const { name, size } = file;
  const fresh = { ...EMPTY, phase: "working", status: say("uploading"), name, run: value.run };
  fresh.photo = { url: URL.createObjectURL(file) };
  over = value.run; // news of the photo before may still come
  trigger("clear"); // nothing of it is wanted any more
  show(fresh);
  props.value = fresh;
  const sent = size > props.most_bytes ? null : await upload(file).catch(() => null);
  if (mine !== taken) return;
  const meta = { _type: "gradio.FileData" };
  if (sent) send("upload", { ...fresh, file: { ...sent, orig_name: name, meta } });
  else show({ ...fresh, phase: "error", photo: null, message: say("upload_failed", { name }) });
}

/** Turns away from a photo that is being uploaded. */
function forget() {
  taken++;
  show({ ...EMPTY, run: value.run });
}

/** Hands the server a value and tells it what to do with it. */
function send(event, next) {
  show(next);
  props.value = next;
  trigger(event);
}

async function takeExample({ url, name }) {
  const answer = await fetch(url);
  take(new File([await answer.blob()], name, { type: answer.headers.get("content-type") }));
}

/** Where the viewer is out of sight, the photo goes to the file input that is, or it comes here. */
function hand(files) {
  if (stage.checkVisibility()) return take(files[0]);
  const inputs = [...document.querySelectorAll("input[type=file]")];
  const input = inputs.find((one) => one.parentElement.checkVisibility());
  if (!input) {
    document.querySelector("#tabs button[role=tab]").click();
    return take(files[0]);
  }
  input.files = files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

function listen() {
  const end = new AbortController();
  const on = (kind, react) =>
    document.addEventListener(kind, (event) => (element.isConnected ? react(event) : end.abort()), {
      signal: end.signal,
      capture: true,
    });
  const carries = (event) => event.dataTransfer?.types.includes("Files");
  on("dragover", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    root.classList.add("over");
  });
  on("dragleave", (event) => event.relatedTarget || root.classList.remove("over"));
  on("drop", (event) => {
    root.classList.remove("over");
    if (!carries(event) || event.target.closest?.("[data-testid=upload-text], .upload-container"))
      return;
    event.preventDefault();
    hand(event.dataTransfer.files);
  });
  on("paste", (event) => event.clipboardData.files.length && hand(event.clipboardData.files));
  on("click", (event) => {
    const button = event.target.closest?.("[data-crop]");
    if (button && value.size && !working()) startCrop(parsed(button.dataset.crop));
  });
}
