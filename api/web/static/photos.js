// Photos are made smaller before they are sent: a phone's are ten times what is kept of them. Without this script, in a
// browser that is too old for it, or whenever anything fails, they are sent as they are, and the server does the same.
"use strict";

(() => {
  // As the server keeps them (api/awards/evidence/photo_worker.py).
  const LONG_EDGE = 1280;
  const QUALITY = 0.85;
  const underWay = new Map();

  async function shrink(file) {
    // Upright, as the camera says that it was held; what is drawn anew has nothing beside its pixels.
    const image = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, LONG_EDGE / Math.max(image.width, image.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(image.width * scale));
    canvas.height = Math.max(1, Math.round(image.height * scale));
    const drawing = canvas.getContext("2d");
    drawing.fillStyle = "white";
    drawing.fillRect(0, 0, canvas.width, canvas.height);
    drawing.imageSmoothingQuality = "high";
    drawing.drawImage(image, 0, 0, canvas.width, canvas.height);
    image.close();
    const jpeg = await new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
    // A browser that writes no JPEG writes something else.
    if (!jpeg || jpeg.type !== "image/jpeg") return file;
    return new File([jpeg], "photo.jpg", { type: "image/jpeg" });
  }

  async function replace(input) {
    const chosen = [...input.files];
    const sent = new DataTransfer();
    for (const file of chosen) sent.items.add(await shrink(file).catch(() => file));
    // Unless others were chosen meanwhile.
    if (chosen.length === input.files.length && chosen.every((file, n) => file === input.files[n])) {
      input.files = sent.files;
    }
  }

  document.addEventListener("change", (event) => {
    const input = event.target;
    if (input.type !== "file" || !input.accept.startsWith("image/")) return;
    const work = replace(input).catch(() => {});
    underWay.set(input, work);
    work.then(() => underWay.get(input) === work && underWay.delete(input));
  });

  document.addEventListener("submit", (event) => {
    const form = event.target;
    const pressed = event.submitter;
    const waits = [...underWay].filter(([input]) => input.form === form).map(([, work]) => work);
    if (!waits.length || !form.requestSubmit) return;
    event.preventDefault();
    if (form.dataset.waits) return;
    form.dataset.waits = "yes";
    Promise.all(waits).then(() => {
      delete form.dataset.waits;
      form.requestSubmit(pressed);
    });
  });
})();
