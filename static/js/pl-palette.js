// The command palette (Ctrl K or /): what can be done on this page, pages of the navigation, and the HTML options of
// data-url?q= while typing, and without a word what one keeps at hand. What can be done are the page's own buttons and tabs, and [data-palette-action].
// Combobox pattern: the focus stays in the field, aria-activedescendant walks through the options.
const WAIT = 120;
const DO = ":is(main, .bar) .acts :is(a, button), main .tabs a, [data-palette-action]";

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
    this.#gather();
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

  #gather() {
    const here = this.querySelector(".here");
    const known = new Set();
    here.querySelectorAll("[role=option]").forEach((option) => option.remove());
    for (const source of document.querySelectorAll(DO)) {
      const words = source.cloneNode(true);
      words.querySelectorAll("kbd, svg").forEach((part) => part.remove());
      const label = (source.getAttribute("aria-label") ?? words.textContent).trim().replace(/\s+/g, " ");
      const offered = source.matches("[data-palette-action], [popover] .item") || source.checkVisibility();
      if (!label || !offered || known.has(label) || source.disabled || source.matches("[popovertarget], [data-palette], [aria-current]") || source.closest("dialog, .drawer")) continue;
      known.add(label);
      here.append(this.#option(source, label, known.size));
    }
  }

  #option(source, label, number) {
    const option = document.createElement("a");
    option.id = `do-${number}`;
    option.href = source.getAttribute("href") ?? "#";
    option.tabIndex = -1;
    option.setAttribute("role", "option");
    option.setAttribute("aria-selected", "false");
    const icon = source.querySelector("svg:not(.spin)")?.cloneNode(true);
    const text = Object.assign(document.createElement("span"), { className: "clip", textContent: label });
    const kind = Object.assign(document.createElement("span"), { className: "kind", textContent: source.closest(".tabs") ? "Page of this record" : "Action" });
    option.append(...[icon, text, kind].filter(Boolean));
    option.addEventListener("click", (event) => {
      event.preventDefault();
      this.dialog.close();
      source.click();
    });
    return option;
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
    if (!text) this.remote.replaceChildren();
    if (!this.dataset.url) return this.#settle();
    this.#settle(false);
    this.timer = setTimeout(() => this.#fetch(text), text ? WAIT : 0);
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
