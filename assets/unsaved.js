// <form data-guard-unsaved> in a dialog: what was typed into it is not lost unasked. Escape, and each button
// with data-closes-form, then show the bar <div data-discard-bar> in the form, whose two buttons answer it.
// Leaving the page asks too. Nothing of this goes to the server.
(() => {
  const GUARDED = "form[data-guard-unsaved]";
  const DIALOG = '[role="dialog"], [role="alertdialog"]';
  const typedInto = new WeakSet();
  const cameFrom = new WeakMap();

  const hasChanged = (control) => {
    if (control.type === "checkbox" || control.type === "radio") return control.checked !== control.defaultChecked;
    if (control.tagName === "SELECT") return [...control.options].some((o) => o.selected !== o.defaultSelected);
    return control.value !== control.defaultValue;
  };
  const isTyped = (control) => /^(INPUT|SELECT|TEXTAREA)$/.test(control.tagName) && !control.closest("[popover]");
  const isDirty = (form) => typedInto.has(form) && [...form.elements].some((c) => isTyped(c) && hasChanged(c));
  const barOf = (form) => form.querySelector("[data-discard-bar]");

  const ask = (form) => {
    const bar = barOf(form);
    if (bar.hidden) cameFrom.set(form, document.activeElement);
    bar.hidden = false;
    bar.querySelector("[data-keep-editing]").focus();
  };
  const keep = (form) => {
    barOf(form).hidden = true;
    const before = cameFrom.get(form);
    if (before?.isConnected && form.contains(before)) before.focus();
    else form.elements[0]?.focus();
  };
  const discard = (form) => {
    typedInto.delete(form);
    form.closest(DIALOG)?.querySelector("[data-closes-form]")?.click();
  };
  const mustAsk = (form) => form && barOf(form) && isDirty(form);

  document.addEventListener("input", (event) => {
    const form = event.target.closest?.(GUARDED);
    if (form && isTyped(event.target)) typedInto.add(form);
  }, true);
  // First of all who listen: the dialog would close before anybody was asked.
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.isComposing) return;
    const form = [...document.querySelectorAll(DIALOG)].at(-1)?.querySelector(GUARDED);
    if (!mustAsk(form)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (barOf(form).hidden) ask(form);
    else keep(form);
  }, true);
  addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-closes-form], [data-keep-editing], [data-discard]");
    const form = button?.closest(DIALOG)?.querySelector(GUARDED);
    if (!form) return;
    if (button.matches("[data-keep-editing]")) keep(form);
    else if (button.matches("[data-discard]")) discard(form);
    else if (mustAsk(form)) ask(form);
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);
  addEventListener("beforeunload", (event) => {
    if ([...document.querySelectorAll(GUARDED)].some(isDirty)) event.preventDefault();
  });
})();
