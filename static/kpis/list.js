// The list of accounts: widths of columns, cells that are changed in place, blocks pasted from a spreadsheet, and the
// order of the columns in their dialog. Without this module the same things are forms and addresses.
const STEP = 10;

customElements.define("pl-cells", class extends HTMLElement {
  connectedCallback() {
    this.addEventListener("keydown", (event) => this.#key(event));
    this.addEventListener("dblclick", (event) => this.#open(event.target.closest("td[data-edit]")));
    this.addEventListener("pointerdown", (event) => this.#grab(event));
    this.addEventListener("focusin", (event) => this.#entered(event.target.closest("tbody td")));
    this.addEventListener("paste", (event) => this.#paste(event));
    this.addEventListener("copy", (event) => this.#copy(event));
    this.listeners = [
      [document.body, "cell-saved", (event) => this.#saved(event.detail.id)],
      [document, "htmx:after:swap", () => this.#swapped()],
      [document, "pointerdown", (event) => { if (!this.editor?.contains(event.target) && !this.#dirty()) this.#close(false); }],
      [document, "htmx:before:morph:attr", (event) => { if (event.detail.attrName === "tabindex" && this.contains(event.target)) event.preventDefault(); }],
      [document, "keydown", (event) => { if (event.key === "Escape" && this.editor?.contains(event.target)) { event.preventDefault(); this.#close(); } }],
      [document, "click", (event) => { if (event.target.closest("[data-leave]") && this.editor?.contains(event.target)) { event.preventDefault(); this.#close(); } }],
      [window, "resize", () => this.#place()],
      [document, "scroll", () => this.#place(), true],
    ];
    for (const [target, name, heard, capture] of this.listeners) target.addEventListener(name, heard, capture);
    this.#settle();
  }

  disconnectedCallback() {
    for (const [target, name, heard, capture] of this.listeners) target.removeEventListener(name, heard, capture);
  }

  get editor() { return document.getElementById("cell-editor"); }
  get rows() { return [...this.querySelectorAll("tr[data-id]")]; }

  // One tab stop for all cells that can be changed; arrows go from cell to cell.
  #settle() {
    if (!this.editor) return;
    const cells = this.querySelectorAll("tr[data-id] td:not(.c-tick)");
    for (const cell of cells) cell.tabIndex = -1;
    const first = document.getElementById(this.activeId) ?? this.querySelector("td[data-edit]");
    if (first && this.contains(first)) first.tabIndex = 0;
  }

  #entered(cell) {
    if (!cell || cell.tabIndex === 0 || cell.matches(".c-tick") || !this.editor) return;
    this.querySelectorAll("td[tabindex='0']").forEach((other) => { other.tabIndex = -1; });
    this.activeId = cell.id;
    cell.tabIndex = 0;
  }

  #key(event) {
    const grip = event.target.closest("[data-grip]");
    if (grip) return this.#nudge(event, grip);
    const cell = event.target;
    if (!cell.matches("tr[data-id] td") || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Enter" || event.key === "F2") {
      const link = cell.querySelector("a");
      event.preventDefault();
      cell.dataset.edit ? this.#open(cell) : link?.click();
      return;
    }
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!step) return;
    const rows = this.rows, across = getComputedStyle(this).direction === "rtl" ? -step[1] : step[1];
    const to = rows[rows.indexOf(cell.parentElement) + step[0]]?.cells[cell.cellIndex + across];
    event.preventDefault();
    if (to?.matches("td:not(.c-tick)") && to.checkVisibility()) to.focus();
  }

  // Changing one cell ------------------------------------------------------------------------------------------

  async #open(cell) {
    if (!cell || !this.editor) return;
    if (this.#dirty()) return this.#field()?.focus();  // one edit at a time: the open one is not thrown away
    this.#close(false);
    this.cellId = cell.id;
    const url = `/accounts/${cell.parentElement.dataset.id}/cell/${cell.dataset.edit}/`;
    const answer = await fetch(url, { headers: { "HX-Request": "true" }, redirect: "error" }).catch(() => null);
    if (!answer?.ok || this.cellId !== cell.id) return this.#close();
    this.editor.innerHTML = await answer.text();
    window.htmx.process(this.editor);
    this.editor.showPopover();
    this.before = this.#field()?.value;
    cell.classList.add("editing");
    this.#place();
    this.#field()?.focus();
    this.#field()?.select?.();
  }

  #field() { return this.editor?.querySelector("[name=value]"); }

  #dirty() { return Boolean(this.cellId && this.#field() && this.#field().value !== this.before); }

  #place() {
    const cell = this.cellId && document.getElementById(this.cellId);
    if (!cell || !this.editor?.matches(":popover-open")) return;
    this.editor.removeAttribute("style");
    if (matchMedia("(max-width: 760px)").matches) return;
    const at = cell.getBoundingClientRect(), box = this.editor.getBoundingClientRect();
    this.editor.style.left = `${Math.max(8, Math.min(innerWidth - box.width - 8, at.left))}px`;
    this.editor.style.top = `${Math.max(8, Math.min(innerHeight - box.height - 8, at.top))}px`;
  }

  #close(back = true) {
    if (!this.cellId) return;
    const cell = document.getElementById(this.cellId);
    this.cellId = undefined;
    cell?.classList.remove("editing");
    if (this.editor.matches(":popover-open")) this.editor.hidePopover();
    this.editor.replaceChildren();
    if (back) cell?.focus();
  }

  #saved(id) {
    if (this.cellId === id) this.#close(false);
    this.activeId = id;
    this.wanted = id;
    document.getElementById(id)?.focus();
  }

  // The form came back with a message, or the list was renewed behind it.
  #swapped() {
    this.#settle();
    if (this.wanted && document.activeElement === document.body) document.getElementById(this.wanted)?.focus({ preventScroll: true });
    const form = this.cellId && this.editor.querySelector("form");
    if (form && form !== this.shown) {
      this.shown = form;
      this.#place();
      (form.querySelector("[aria-invalid]") ?? form.querySelector(".kg-conflict ~ .foot [data-leave]"))?.focus();
    }
  }

  // Blocks of cells --------------------------------------------------------------------------------------------

  #copy(event) {
    const cell = event.target.closest?.("tr[data-id] td");
    if (!cell || String(getSelection())) return;
    event.preventDefault();
    event.clipboardData.setData("text/plain", cell.innerText.trim());
  }

  #paste(event) {
    const cell = event.target.closest?.("tr[data-id] td");
    if (!cell || !this.editor || this.editor.contains(event.target)) return;
    event.preventDefault();
    const text = event.clipboardData.getData("text/plain").replace(/\r\n?/g, "\n").replace(/\n$/, "");
    const rows = this.rows, top = rows.indexOf(cell.parentElement), cells = [];
    let outside = 0;
    text.split("\n").forEach((line, down) => line.split("\t").forEach((said, across) => {
      const row = rows[top + down], on = row?.cells[cell.cellIndex + across];
      if (on?.matches("td[data-edit]")) cells.push([row.dataset.id, on.dataset.edit, row.dataset.version, said.trim()].join("|"));
      else outside += 1;
    }));
    window.htmx.ajax("POST", this.dataset.paste, { source: this, target: "#dialogs", swap: "innerHTML", values: { cells: cells.join("\n"), outside } });
  }

  // Widths -----------------------------------------------------------------------------------------------------

  #grab(event) {
    const grip = event.target.closest("[data-grip]");
    if (!grip || event.button) return;
    event.preventDefault();
    grip.setPointerCapture(event.pointerId);
    const from = event.clientX, width = grip.parentElement.offsetWidth, way = getComputedStyle(this).direction === "rtl" ? -1 : 1;
    const move = (moved) => this.#size(grip, width + way * (moved.clientX - from));
    grip.addEventListener("pointermove", move);
    grip.addEventListener("pointerup", () => {
      grip.removeEventListener("pointermove", move);
      this.#keep(grip);
    }, { once: true });
  }

  #nudge(event, grip) {
    const way = getComputedStyle(this).direction === "rtl" ? -1 : 1;
    const step = { ArrowLeft: -STEP * way, ArrowRight: STEP * way }[event.key];
    if (!step) return;
    event.preventDefault();
    this.#size(grip, grip.parentElement.offsetWidth + step);
    clearTimeout(this.soon);
    this.soon = setTimeout(() => this.#keep(grip), 500);
  }

  #size(grip, wanted) {
    const width = Math.round(Math.max(+grip.ariaValueMin, Math.min(+grip.ariaValueMax, wanted)));
    const at = grip.parentElement.cellIndex;
    grip.ariaValueNow = String(width);
    for (const row of this.querySelectorAll("tr")) {
      const cell = row.cells[at];
      cell?.classList.add("sized");
      cell?.style.setProperty("--w", `${width}px`);
    }
  }

  // The width goes into the address: from there it is saved with the view.
  #keep(grip) {
    const width = this.querySelector(`[data-grip="${grip.dataset.grip}"]`).ariaValueNow;
    const url = new URL(location.href);
    const widths = new Map(this.dataset.widths.split(",").filter((one) => one.includes("-")).map((one) => [one.slice(0, one.lastIndexOf("-")), one.slice(one.lastIndexOf("-") + 1)]));
    widths.set(grip.dataset.grip, width);
    url.searchParams.set("widths", [...widths].map((one) => one.join("-")).join(","));
    history.replaceState(history.state, "", url);
    window.htmx.ajax("GET", url.pathname + url.search, { source: document.getElementById("book"), target: "#book", swap: "outerMorph" });
  }
});

// The chosen columns in their dialog: dragged to another place, the dialog is asked for anew in that order.
customElements.define("pl-order", class extends HTMLElement {
  connectedCallback() {
    this.addEventListener("dragstart", (event) => {
      this.dragged = event.target.closest("li");
      event.dataTransfer.effectAllowed = "move";
      this.dragged?.classList.add("dragged");
    });
    this.addEventListener("dragover", (event) => {
      const over = event.target.closest("li");
      if (!this.dragged) return;
      event.preventDefault();
      if (!over || over === this.dragged) return;
      const box = over.getBoundingClientRect();
      over[event.clientY < box.top + box.height / 2 ? "before" : "after"](this.dragged);
    });
    this.addEventListener("drop", (event) => event.preventDefault());
    this.addEventListener("dragend", () => this.#moved());
  }

  #moved() {
    this.dragged?.classList.remove("dragged");
    this.dragged = undefined;
    const url = new URL(this.dataset.url, location.href);
    url.searchParams.set("columns", [...this.querySelectorAll("li")].map((one) => one.dataset.code).join(","));
    window.htmx.ajax("GET", url.pathname + url.search, { source: this, target: "#columns", select: "#columns", swap: "outerMorph" });
  }
});
