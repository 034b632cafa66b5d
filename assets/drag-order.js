// <ol data-drag-order="form id"> of <li draggable data-key>: a row dropped elsewhere submits that form with
// its key and its new place. The arrows beside each row do the same without a pointer.
(() => {
  const rowsOf = (list) => [...list.querySelectorAll(":scope > li")];
  let dragged = null;
  const listOf = (node) => node.closest?.("[data-drag-order]");
  const aim = (list, y) => rowsOf(list).filter((row) => row !== dragged)
    .findIndex((row) => { const box = row.getBoundingClientRect(); return y < box.top + box.height / 2; });
  const clear = () => document.querySelectorAll("[data-drop]").forEach((row) => row.removeAttribute("data-drop"));
  document.addEventListener("dragstart", (event) => {
    const row = event.target.closest?.("[data-drag-order] > li");
    if (!row) return;
    dragged = row;
    row.dataset.dragged = "";
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", "");
  });
  document.addEventListener("dragover", (event) => {
    const list = dragged && listOf(event.target);
    if (!list || list !== listOf(dragged)) return;
    event.preventDefault();
    clear();
    const others = rowsOf(list).filter((row) => row !== dragged);
    const place = aim(list, event.clientY);
    if (place < 0) others.at(-1)?.setAttribute("data-drop", "after");
    else others[place].setAttribute("data-drop", "before");
  });
  document.addEventListener("drop", (event) => {
    const list = dragged && listOf(event.target);
    if (!list || list !== listOf(dragged)) return;
    event.preventDefault();
    const place = aim(list, event.clientY);
    const to = place < 0 ? rowsOf(list).length - 1 : place;
    const form = document.getElementById(list.dataset.dragOrder);
    if (to === rowsOf(list).indexOf(dragged) || !form) return;
    form.elements.namedItem("key").value = dragged.dataset.key;
    form.elements.namedItem("place").value = String(to);
    form.requestSubmit();
  });
  document.addEventListener("dragend", () => {
    clear();
    if (dragged) delete dragged.dataset.dragged;
    dragged = null;
  });
})();
