// <form data-keep-typed="name">: what was typed is there again when the form comes back with a problem.
// A password is never kept.
(() => {
  const keyOf = (form) => `keyportal-typed-${form.dataset.keepTyped}`;
  const wasRefused = () => new URLSearchParams(location.search).has("problem");
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
      if (input.type !== "password" && !input.value) input.value = typed[input.name] || "";
    }
  };
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.dataset.keepTyped) return;
    const typed = {};
    for (const input of form.querySelectorAll("input")) {
      if (input.name && input.type !== "password") typed[input.name] = input.value;
    }
    sessionStorage.setItem(keyOf(form), JSON.stringify(typed));
  }, true);
  const look = () => document.querySelectorAll("form[data-keep-typed]").forEach(restore);
  new MutationObserver(look).observe(document.documentElement, { childList: true, subtree: true });
  look();
})();
