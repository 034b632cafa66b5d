// A dialog gives focus back to the button that opened it. Ours are opened by the server and know no
// button, so this remembers where focus was outside of dialogs and menus.
(() => {
  const overlay = '[role="dialog"], [role="alertdialog"], [role="menu"]';
  let last = null;
  document.addEventListener("focusin", (event) => {
    if (!event.target.closest(overlay)) last = event.target;
  });
  const isOverlay = (node) => node.nodeType === 1 && (node.matches(overlay) || node.querySelector(overlay));
  const giveBack = () => {
    if (document.activeElement === document.body && last && last.isConnected) last.focus();
  };
  new MutationObserver((changes) => {
    if (changes.some((change) => [...change.removedNodes].some(isOverlay))) setTimeout(giveBack, 0);
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
