// A dialog gives focus back to the button that opened it. Ours are opened by the server and know no
// button, so this remembers where focus was outside of dialogs and menus. When that is gone too, such
// as the row of a deleted key, or a button that disabled itself, focus goes to the element
// whose id it names, <button data-focus-after="id">, or that was drawn anew with its own id, or else to the
// search field.
(() => {
  const overlay = '[role="dialog"], [role="alertdialog"], [role="menu"]';
  let last = null;
  let wasInContent = false;
  const remember = (element) => {
    if (!element || element.closest(overlay)) return;
    last = element;
    wasInContent = element.closest("#content") !== null;
  };
  // A click beside everything focuses the page itself, which is no place to come back to.
  document.addEventListener("focusin", (event) => event.target.id === "content" || remember(event.target));
  // A menu opens under the mouse without its button ever having focus.
  document.addEventListener("pointerdown", (event) => {
    // A row opens by a click anywhere in it; what stands for it is its own button.
    const row = event.target.closest?.(".kp-row-opens");
    remember(event.target.closest?.("button, a") ?? row?.querySelector(".kp-open-row"));
  }, true);
  const isOverlay = (node) => node.nodeType === 1 && (node.matches(overlay) || node.querySelector(overlay));
  const isLost = () => !last.isConnected || last.disabled;
  const giveBack = (overlayClosed) => {
    const active = document.activeElement;
    if (document.querySelector(overlay)) return;
    if (!last) {
      // Opened by the address alone: there is nothing to go back to, so focus goes on to the page.
      if (overlayClosed && active === document.body) document.getElementById("content")?.focus();
      return;
    }
    if (active !== document.body && !(active === last && isLost())) return;
    if (!isLost()) {
      if (overlayClosed) last.focus();
    } else if (wasInContent) {
      const after = document.getElementById(last.dataset.focusAfter || last.id);
      const place = after && !after.disabled ? after : document.getElementById("search");
      (place || document.getElementById("content"))?.focus();
    }
  };
  new MutationObserver((changes) => {
    const overlayClosed = changes.some((change) => [...change.removedNodes].some(isOverlay));
    // After the frame: the browser takes focus off a disabled button only then.
    if (overlayClosed || (last && isLost())) setTimeout(() => giveBack(overlayClosed), 30);
  }).observe(document.documentElement, {
    childList: true, subtree: true, attributes: true, attributeFilter: ["disabled"],
  });
})();

// <form data-problem="3">: when that number changes, the form was refused once more, and focus goes to
// the field that is wrong, or to what asks a question first, <div data-takes-focus>. A number, because the
// same field may be refused twice with the same words.
(() => {
  const focusWrong = (form) =>
    (form.querySelector("[data-takes-focus]") ?? form.querySelector('[aria-invalid="true"]'))?.focus();
  new MutationObserver((changes) => {
    // After the frame: the fields and what folds them are drawn with the number, in any order.
    for (const { target } of changes) setTimeout(() => focusWrong(target), 30);
  }).observe(document.documentElement, { subtree: true, attributes: true, attributeFilter: ["data-problem"] });
})();
