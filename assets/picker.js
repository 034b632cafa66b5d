// <div data-picker>: a button, and a list it opens that is narrowed by what is typed into it. Options are
// chosen by a click, also by the one made here for Enter; what that means is decided elsewhere.
(() => {
  const HEIGHT = 340, GAP = 4, EDGE = 8;
  let open = null;
  const part = (root, name) => root.querySelector(`[data-picker-${name}]`);
  const optionsOf = (root) => [...root.querySelectorAll('[role="option"]')];
  const shownOf = (root) => optionsOf(root).filter((option) => !option.hidden);
  const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

  const mark = (root, option) => {
    for (const other of optionsOf(root)) other.toggleAttribute("data-active", other === option);
    const search = part(root, "search");
    if (option) {
      search.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else {
      search.removeAttribute("aria-activedescendant");
    }
  };
  // What begins with what was typed: who types OpenAI and Enter does not mean Azure OpenAI.
  const likeliest = (shown, typed) => {
    if (!typed) return shown.find((option) => option.getAttribute("aria-selected") === "true");
    const nameOf = (option) => plain(option.querySelector(".kp-picker-name").textContent);
    return shown.find((o) => nameOf(o) === typed) || shown.find((o) => nameOf(o).startsWith(typed));
  };
  const narrow = (root) => {
    const words = plain(part(root, "search").value).split(/\s+/).filter(Boolean);
    for (const option of optionsOf(root)) {
      option.hidden = !words.every((word) => plain(option.dataset.words).includes(word));
    }
    for (const group of root.querySelectorAll('[role="group"]')) {
      group.hidden = !group.querySelector('[role="option"]:not([hidden])');
    }
    const shown = shownOf(root);
    part(root, "empty").hidden = shown.length > 0;
    mark(root, likeliest(shown, words.join(" ")) || shown[0] || null);
  };
  const place = (root) => {
    const panel = part(root, "panel");
    const at = part(root, "button").getBoundingClientRect();
    const below = innerHeight - at.bottom - GAP - EDGE, above = at.top - GAP - EDGE;
    const goesUp = below < Math.min(HEIGHT, above);
    panel.style.maxHeight = `${Math.min(HEIGHT, goesUp ? above : below)}px`;
    panel.style.width = `${at.width}px`;
    panel.style.left = `${at.left}px`;
    panel.style.top = goesUp ? "auto" : `${at.bottom + GAP}px`;
    panel.style.bottom = goesUp ? `${innerHeight - at.top + GAP}px` : "auto";
  };
  const show = (root) => {
    if (open && open !== root) hide(false);
    open = root;
    part(root, "search").value = "";
    part(root, "panel").showPopover();
    part(root, "button").setAttribute("aria-expanded", "true");
    place(root);
    narrow(root);
    part(root, "search").focus();
  };
  const hide = (takesFocusBack) => {
    const root = open;
    open = null;
    if (!root?.isConnected) return;
    part(root, "panel").hidePopover();
    part(root, "button").setAttribute("aria-expanded", "false");
    if (takesFocusBack) part(root, "button").focus();
  };
  const walk = (key) => {
    const shown = shownOf(open);
    const at = shown.findIndex((option) => option.hasAttribute("data-active"));
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: shown.length - 1 }[key];
    if (shown.length) mark(open, shown[(to + shown.length) % shown.length]);
  };

  document.addEventListener("click", (event) => {
    const root = event.target.closest?.("[data-picker]");
    if (event.target.closest?.("[data-picker-button]")) {
      if (open === root) hide(true);
      else show(root);
    } else if (open && event.target.closest?.('[role="option"]')) {
      hide(true);
    }
  });
  document.addEventListener("pointerdown", (event) => {
    if (open && !open.contains(event.target)) hide(false);
  }, true);
  document.addEventListener("focusin", (event) => {
    if (open && !open.contains(event.target)) hide(false);
  });
  document.addEventListener("input", (event) => {
    if (open && event.target === part(open, "search")) narrow(open);
  });
  // Before the dialog around it, which would close at Escape and submit at Enter.
  addEventListener("keydown", (event) => {
    const button = event.target.closest?.("[data-picker-button]");
    if (!open?.isConnected) {
      open = null;
      // A letter opens the list too, and is the first of what is looked for.
      const isTyped = event.key.length === 1 && event.key !== " " && !(event.ctrlKey || event.metaKey || event.altKey);
      if (!button || !(isTyped || ["ArrowDown", "ArrowUp"].includes(event.key))) return;
      if (!isTyped) event.preventDefault();
      show(button.closest("[data-picker]"));
      return;
    }
    if (event.isComposing) return;
    if (event.key === "Escape") hide(true);
    else if (event.key === "Enter") open.querySelector('[role="option"][data-active]')?.click();
    else if (["ArrowDown", "ArrowUp", "Home", "End"].includes(event.key)) walk(event.key);
    else if (event.key === "Tab") return hide(true);
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);
  // The dialog around it may still be growing into its place.
  for (const name of ["scroll", "resize", "animationend", "transitionend"]) {
    addEventListener(name, () => open?.isConnected && place(open), true);
  }
})();
