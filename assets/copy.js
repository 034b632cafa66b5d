// <button data-copy-from="id">: copies the value of that field and says so. Without a secure origin there
// is no clipboard to write to; the value is then selected, ready for Ctrl+C.
(() => {
  const SAID_FOR_MS = 4000;
  const say = (button, words) => {
    const label = button.querySelector("span[aria-live]");
    label.dataset.words ??= label.textContent;
    label.textContent = words;
    setTimeout(() => { label.textContent = label.dataset.words; }, SAID_FOR_MS);
  };
  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("[data-copy-from]");
    if (!button) return;
    const field = document.getElementById(button.dataset.copyFrom);
    try {
      await navigator.clipboard.writeText(field.value);
      say(button, "Copied");
    } catch {
      field.focus();
      field.select();
      say(button, "Selected");
    }
  });
})();
