// <input type="file" data-read-into="id">: the chosen file is read here, in the browser, into that field; a
// file dropped on the field too. Nothing is sent anywhere. <input data-enter-leaves>: Enter leaves the field
// instead of submitting its form.
(() => {
  const LARGEST = 200000;
  const say = (id, words) => {
    const place = document.querySelector(`[data-said-of="${CSS.escape(id)}"]`);
    if (place) place.textContent = words;
  };
  const put = (field, text) => {
    field.value = text;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
  };
  const read = async (file, id) => {
    const field = document.getElementById(id);
    if (!field || !file) return;
    if (file.size > LARGEST) {
      say(id, `${file.name} is larger than 200 kB. Import it in parts.`);
      return;
    }
    try {
      put(field, await file.text());
      say(id, `${file.name} is read.`);
    } catch {
      say(id, `${file.name} cannot be read. Paste its lines instead.`);
    }
  };
  document.addEventListener("change", (event) => {
    const input = event.target.closest?.("input[data-read-into]");
    if (!input) return;
    read(input.files[0], input.dataset.readInto);
    // So that choosing the same file once more reads it once more.
    input.value = "";
  });
  const dropField = (event) => event.target.closest?.("textarea[data-takes-file]");
  document.addEventListener("dragover", (event) => {
    if (dropField(event) && event.dataTransfer.types.includes("Files")) event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    const field = dropField(event);
    if (!field || !event.dataTransfer.files.length) return;
    event.preventDefault();
    read(event.dataTransfer.files[0], field.id);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing || !event.target.matches?.("input[data-enter-leaves]")) return;
    event.preventDefault();
    event.target.blur();
  }, true);
})();
