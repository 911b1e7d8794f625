// Single keys: "?" shows the sheet, "/" the palette, "g" then a letter goes to a page, [data-shortcut="n"] is pressed by its letter.
// Off while a field has the focus; a person can switch them off (kept in this browser).
const KEY = "plumbline.shortcuts";

customElements.define("pl-shortcuts", class extends HTMLElement {
  connectedCallback() {
    this.dialog = this.querySelector("dialog");
    this.box = this.querySelector("input[type=checkbox]");
    this.box.checked = localStorage.getItem(KEY) !== "off";
    this.box.addEventListener("change", () => localStorage.setItem(KEY, this.box.checked ? "on" : "off"));
    this.dialog.addEventListener("click", (event) => { if (event.target.closest("[data-close]") || event.target === this.dialog) this.dialog.close(); });
    document.addEventListener("keydown", this.keys = (event) => this.#press(event));
  }

  disconnectedCallback() {
    document.removeEventListener("keydown", this.keys);
  }

  // The keys of this page: its own buttons say which.
  #list() {
    const here = this.querySelector("[data-here]");
    here.replaceChildren();
    for (const target of document.querySelectorAll("[data-shortcut]")) {
      if (!target.checkVisibility()) continue;
      const words = target.cloneNode(true);
      words.querySelectorAll("kbd, svg").forEach((part) => part.remove());
      const name = Object.assign(document.createElement("dt"), { textContent: target.getAttribute("aria-label") ?? words.textContent.trim() });
      const key = document.createElement("dd");
      key.append(Object.assign(document.createElement("kbd"), { textContent: target.dataset.shortcut.toUpperCase() }));
      const row = document.createElement("div");
      row.append(name, key);
      here.append(row);
    }
    this.querySelector("[data-here-title]").hidden = !here.children.length;
  }

  #press(event) {
    if (!this.box.checked || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
    const field = event.target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
    // A field in a dialog that has just closed keeps the focus until the next frame.
    if (field?.checkVisibility() || document.querySelector("dialog[open]")) return;
    const key = event.key.toLowerCase();
    if (this.going) {
      this.going = clearTimeout(this.going);
      const link = document.querySelector(`.nav a[data-key="${CSS.escape(key)}"]`);
      if (link) { event.preventDefault(); link.click(); }
    } else if (key === "g") {
      this.going = setTimeout(() => { this.going = undefined; }, 1200);
    } else if (key === "?") {
      event.preventDefault();
      this.#list();
      this.dialog.showModal();
    } else if (key === "/") {
      event.preventDefault();
      document.querySelector("pl-palette")?.open();
    } else {
      const target = [...document.querySelectorAll(`[data-shortcut="${CSS.escape(key)}"]`)].find((element) => element.checkVisibility());
      if (target) { event.preventDefault(); target.click(); }
    }
  }
});
