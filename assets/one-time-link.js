// The pages behind one-time links, /join#token and /reset#token. What follows the # never reaches a server
// with the address: it goes along with <form data-link-form>. It leaves the address bar at once, and is kept
// in this tab until another page is shown, so that a refused password does not cost the link.
(() => {
  const KEY = "keyportal-link-token";
  const isLinkPage = () => /^\/(join|reset)\/?$/.test(location.pathname);
  const hasEnded = () => new URLSearchParams(location.search).get("problem") === "link_ended";
  const take = () => {
    if (!isLinkPage()) {
      sessionStorage.removeItem(KEY);
      return;
    }
    const token = location.hash.slice(1);
    if (token) {
      sessionStorage.setItem(KEY, token);
      // A new link in a tab that shows the end of an old one.
      const search = hasEnded() ? "" : location.search;
      history.replaceState(history.state, "", location.pathname + search);
      if (search !== location.search) location.reload();
    } else if (hasEnded()) {
      sessionStorage.removeItem(KEY);
    } else if (!sessionStorage.getItem(KEY)) {
      location.replace(`${location.pathname}?problem=link_ended`);
    }
  };
  take();
  addEventListener("hashchange", take);
  document.addEventListener("formdata", (event) => {
    if (event.target.dataset?.linkForm !== undefined) {
      event.formData.set("token", sessionStorage.getItem(KEY) || "none");
    }
  });
  new MutationObserver(() => { if (!isLinkPage()) sessionStorage.removeItem(KEY); })
    .observe(document.documentElement, { childList: true, subtree: true });
})();

// <button data-shows="id">: shows what is typed into that password field, and hides it again.
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-shows]");
  if (!button) return;
  const field = document.getElementById(button.dataset.shows);
  const isShown = field.type === "text";
  field.type = isShown ? "password" : "text";
  button.setAttribute("aria-pressed", isShown ? "false" : "true");
});
