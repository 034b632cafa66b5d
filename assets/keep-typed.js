// <form data-keep-typed="name">: what was typed is there again when the form comes back with a problem.
// A password is never kept, nor is what a hidden field holds; a password that is shown is one still.
(() => {
  const keyOf = (form) => `keyportal-typed-${form.dataset.keepTyped}`;
  const wasRefused = () => new URLSearchParams(location.search).has("problem");
  const isTyped = (input) =>
    !["password", "hidden"].includes(input.type) && !/password/.test(input.autocomplete);
  const read = (form) => {
    try {
      return JSON.parse(sessionStorage.getItem(keyOf(form))) || {};
    } catch {
      return {};
    }
  };
  const done = new WeakSet();
  const restore = (form) => {
    if (done.has(form)) return;
    done.add(form);
    if (!wasRefused()) {
      sessionStorage.removeItem(keyOf(form));
      return;
    }
    const typed = read(form);
    for (const input of form.querySelectorAll("input")) {
      if (isTyped(input) && !input.value) input.value = typed[input.name] || "";
    }
  };
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.dataset.keepTyped) return;
    const typed = {};
    for (const input of form.querySelectorAll("input")) {
      if (input.name && isTyped(input)) typed[input.name] = input.value;
    }
    sessionStorage.setItem(keyOf(form), JSON.stringify(typed));
  }, true);
  const look = () => document.querySelectorAll("form[data-keep-typed]").forEach(restore);
  new MutationObserver(look).observe(document.documentElement, { childList: true, subtree: true });
  look();
})();
