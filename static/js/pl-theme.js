// Light, dark or as the system: kept in a cookie that the server reads, so that the next page arrives right.
customElements.define("pl-theme", class extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", (event) => {
      const button = event.target.closest("[data-theme-value]");
      if (button) choose(button.dataset.themeValue);
    });
  }
});

function choose(theme) {
  const root = document.documentElement;
  theme ? root.setAttribute("data-theme", theme) : root.removeAttribute("data-theme");
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `theme=${theme}; path=/; max-age=${theme ? 31_536_000 : 0}; samesite=lax${secure}`;
  document.querySelector('meta[name="color-scheme"]')?.setAttribute("content", theme || "light dark");
  for (const button of document.querySelectorAll("[data-theme-value]")) {
    button.dataset.themeValue === theme ? button.setAttribute("aria-current", "true") : button.removeAttribute("aria-current");
  }
}
