// The command palette (Ctrl K): pages of the navigation at once, and the HTML options of data-url?q= while typing.
// Combobox pattern: the focus stays in the field, aria-activedescendant walks through the options.
const WAIT = 120;

customElements.define("pl-palette", class extends HTMLElement {
  connectedCallback() {
    this.dialog = this.querySelector("dialog");
    this.input = this.querySelector("input");
    this.remote = this.querySelector(".remote");
    document.addEventListener("keydown", this.keys = (event) => this.#global(event));
    document.addEventListener("click", this.clicks = (event) => { if (event.target.closest("[data-palette]")) this.open(); });
    this.input.addEventListener("keydown", (event) => this.#walk(event));
    this.input.addEventListener("input", () => this.#search());
    this.dialog.addEventListener("click", (event) => { if (event.target === this.dialog) this.dialog.close(); });
    this.dialog.addEventListener("pointermove", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.#pick(this.#options().indexOf(option), false);
    });
  }

  disconnectedCallback() {
    document.removeEventListener("keydown", this.keys);
    document.removeEventListener("click", this.clicks);
  }

  open() {
    if (this.dialog.open) return;
    document.querySelectorAll("dialog[open]").forEach((dialog) => dialog.close());
    this.input.value = "";
    this.dialog.showModal();
    this.input.focus();
    this.#search();
  }

  #global(event) {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      this.open();
    }
  }

  #options() {
    return [...this.querySelectorAll("[role=option]:not([hidden])")];
  }

  #pick(index, scroll = true) {
    const options = this.#options();
    const chosen = options.length ? options.at(((index % options.length) + options.length) % options.length) : null;
    options.forEach((option) => option.setAttribute("aria-selected", String(option === chosen)));
    if (!chosen) return this.input.removeAttribute("aria-activedescendant");
    this.input.setAttribute("aria-activedescendant", chosen.id);
    if (scroll) chosen.scrollIntoView({ block: "nearest" });
  }

  #walk(event) {
    const options = this.#options();
    const at = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      this.#pick(at + step);
    } else if (event.key === "Enter") {
      event.preventDefault();
      options[at]?.click();
    }
  }

  #search() {
    const text = this.input.value.trim();
    for (const option of this.querySelectorAll(".pages [role=option]")) option.hidden = !option.textContent.toLowerCase().includes(text.toLowerCase());
    for (const group of this.querySelectorAll(".pages")) group.hidden = !group.querySelector("[role=option]:not([hidden])");
    clearTimeout(this.timer);
    this.abort?.abort();
    if (!text || !this.dataset.url) {
      this.remote.replaceChildren();
      return this.#settle();
    }
    this.#settle(false);
    this.timer = setTimeout(() => this.#fetch(text), WAIT);
  }

  async #fetch(text) {
    this.abort = new AbortController();
    try {
      const url = new URL(this.dataset.url, location.href);
      url.searchParams.set("q", text);
      const response = await fetch(url, { headers: { "HX-Request": "true" }, signal: this.abort.signal, redirect: "error" });
      this.remote.innerHTML = response.ok ? await response.text() : "";
    } catch (error) {
      if (error.name === "AbortError") return;
      this.remote.replaceChildren();
    }
    this.#settle();
  }

  #settle(finished = true) {
    this.#pick(0);
    this.querySelector(".none").hidden = !finished || this.#options().length > 0;
  }
});
