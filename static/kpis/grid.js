// The KPI grid: one tab stop, arrow keys move, Enter, F2, a double click or typing opens a cell's form over the cell.
// Without this module every cell is a link to the page of that form.
const REASON = "plumbline.grid.reason";
const NUMBER = /^[-−+]?[\d.,\s]*\d[\d.,\s]*%?$/;
const PAGE = 10;
const BEGINS_A_NUMBER = /^[\d.,+\-−(€$£]$/;

customElements.define("pl-grid", class extends HTMLElement {
  connectedCallback() {
    this.editor = this.querySelector("#grid-editor");
    this.addEventListener("keydown", (event) => this.#key(event));
    this.addEventListener("click", (event) => this.#click(event));
    this.addEventListener("dblclick", (event) => this.#open(cellOf(event.target)));
    this.addEventListener("focusin", (event) => this.#entered(cellOf(event.target)));
    this.addEventListener("focusout", (event) => { if (event.relatedTarget) this.inside = false; });
    this.addEventListener("submit", (event) => this.#remember(event.target));
    this.addEventListener("copy", (event) => this.#copy(event));
    this.addEventListener("paste", (event) => this.#paste(event));
    this.listeners = [
      [document.body, "health-changed", (event) => this.#changed(event.detail)],
      [document.body, "cell-saved", (event) => this.#saved(event.detail.id)],
      [document, "htmx:after:swap", () => this.#swapped()],
      [document, "htmx:before:morph:attr", (event) => { if (event.detail.attrName === "tabindex" && this.contains(event.target)) event.preventDefault(); }],
      [document, "pointerdown", (event) => { if (!this.editor?.contains(event.target) && !this.#dirty()) this.#close(false); }],
      [window, "resize", () => this.#place()],
      [document, "scroll", () => this.#place(), true],
    ];
    for (const [target, name, heard, capture] of this.listeners) target.addEventListener(name, heard, capture);
    this.#settle();
    this.#showNewest();
  }

  disconnectedCallback() {
    for (const [target, name, heard, capture] of this.listeners) target.removeEventListener(name, heard, capture);
  }

  get region() { return this.querySelector("#grid-region"); }
  get rows() { return [...this.querySelectorAll("tr[data-kpi]")]; }
  get active() { return document.getElementById(this.activeId); }

  // One tab stop in the whole grid; what stands in a cell is reached through the cell.
  #settle() {
    const table = this.querySelector(".kg");
    const said = new Map();
    for (const link of table.querySelectorAll("a")) link.tabIndex = -1;
    for (const cell of table.querySelectorAll("td")) {
      cell.tabIndex = -1;
      said.set(cell.id, cell.dataset.value);
      if (this.said?.has(cell.id) && this.said.get(cell.id) !== cell.dataset.value) flash(cell);
    }
    this.said = said;
    const first = this.active ?? table.querySelector(`tr.asked td:nth-child(${+table.dataset.col + 1})`) ?? table.querySelector(`td:nth-child(${+table.dataset.col + 1})`);
    if (!first) return;
    this.activeId = first.id;
    first.tabIndex = 0;
    if (this.cellId) this.#cell()?.classList.add("editing");
  }

  // Where twelve months do not fit the newest one with values is in view, not the oldest.
  #showNewest() {
    const wrap = this.querySelector(".kg-wrap");
    if (this.active) wrap.scrollLeft = this.active.offsetLeft + 2 * this.active.offsetWidth - wrap.clientWidth;
  }

  #entered(cell) {
    this.inside = Boolean(cell);
    if (!cell || cell.id === this.activeId) return;
    if (this.active) this.active.tabIndex = -1;
    this.activeId = cell.id;
    cell.tabIndex = 0;
  }

  #key(event) {
    if (this.editor?.contains(event.target)) {
      if (event.key === "Escape") { event.preventDefault(); this.#close(); }
      if (event.key === "Enter" && event.target.name === "new") this.#onToReason(event);
      return;
    }
    const cell = event.target.closest(".kg :is(td, tbody th)");
    if (!cell || event.altKey || event.isComposing) return;
    const to = this.#target(event, cell);
    if (to) {
      event.preventDefault();
      (to.matches("th") ? to.querySelector("a") : to).focus();  // a row's head leads to its KPI
    } else if (cell.matches("th")) {
      return;
    } else if (event.key === "Enter" || event.key === "F2") {
      event.preventDefault();
      this.editor ? this.#open(cell) : cell.querySelector(".src")?.click();
    } else if (this.editor && !event.ctrlKey && !event.metaKey && BEGINS_A_NUMBER.test(event.key)) {
      event.preventDefault();
      this.#open(cell, event.key);
    }
  }

  // Enter in the value goes on to the reason that is still missing, instead of to a refusal.
  #onToReason(event) {
    const reason = event.target.form.elements.reason;
    if (!reason || reason.value.trim() || !this.#dirty() || !NUMBER.test(event.target.value.trim())) return;
    event.preventDefault();
    reason.focus();
  }

  #target(event, cell) {
    const rows = this.rows, at = rows.indexOf(cell.parentElement), column = cell.cellIndex, last = cell.parentElement.cells.length - 1;
    const far = event.ctrlKey || event.metaKey;
    const forward = getComputedStyle(this).direction === "rtl" ? -1 : 1;
    const steps = {
      ArrowUp: [far ? 0 : at - 1, column], ArrowDown: [far ? rows.length - 1 : at + 1, column],
      ArrowLeft: [at, far ? 1 : column - forward], ArrowRight: [at, far ? last : column + forward],
      Home: [far ? 0 : at, 1], End: [far ? rows.length - 1 : at, last],
      PageUp: [at - PAGE, column], PageDown: [at + PAGE, column],
    };
    const step = steps[event.key];
    if (!step) return null;
    const row = rows[Math.max(0, Math.min(rows.length - 1, step[0]))];
    const to = row.cells[Math.max(0, Math.min(last, step[1]))];
    return to.checkVisibility() ? to : cell;
  }

  #click(event) {
    if (event.target.closest("[data-leave]") && this.editor?.contains(event.target)) {
      event.preventDefault();
      this.#close();
      return;
    }
    const link = event.target.closest("a.v");
    const cell = cellOf(event.target);
    if (!cell || event.target.closest(".src") || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (link) event.preventDefault();
    cell.focus();
    const finger = event.pointerType ? event.pointerType === "touch" : matchMedia("(pointer: coarse)").matches;
    if (link && (finger || event.detail === 0)) this.#open(cell);
  }

  #open(cell, typed) {
    const link = cell?.querySelector("a.v");
    if (!this.editor || !link) return;
    if (this.#dirty()) {  // one edit at a time: the open one is not thrown away
      this.editor.querySelector("[name=new]").focus();
      return;
    }
    this.#close(false);
    const form = this.querySelector("#grid-form").content.querySelector("form").cloneNode(true);
    const row = cell.parentElement, head = this.querySelector(".kg thead tr").cells[cell.cellIndex];
    form.action = link.href;
    form.setAttribute("hx-post", link.href);
    form.querySelector("[data-history]").href = link.href;
    form.querySelector("b[data-kpi]").textContent = row.dataset.kpi;
    form.querySelector("[data-month]").textContent = head.dataset.month;
    form.querySelector("[data-limits]").textContent = row.dataset.limits;
    form.elements.expected.value = cell.dataset.value ?? "";
    form.elements.reason.value = sessionStorage.getItem(REASON) ?? "";
    const input = form.elements.new;
    input.value = typed ?? cell.dataset.exact ?? "";
    input.inputMode = "negative" in row.dataset ? "text" : "decimal";
    this.cellId = cell.id;
    this.before = cell.dataset.exact ?? "";
    cell.classList.add("editing");
    this.editor.setAttribute("aria-label", `${row.dataset.kpi}, ${head.dataset.month}`);
    this.editor.replaceChildren(form);
    window.htmx.process(form);
    this.editor.showPopover();
    this.#place();
    input.focus();
    if (typed === undefined) input.select();
  }

  #cell() { return document.getElementById(this.cellId); }

  #dirty() {
    const input = this.cellId && this.editor.querySelector("[name=new]");
    return Boolean(input) && input.value.trim() !== this.before;
  }

  // The value field lies over the cell; on a phone the form is a sheet at the bottom.
  #place() {
    const cell = this.cellId && this.#cell();
    if (!cell || !this.editor.matches(":popover-open")) return;
    this.editor.removeAttribute("style");
    if (matchMedia("(max-width: 760px)").matches) return;
    const at = cell.getBoundingClientRect(), box = this.editor.getBoundingClientRect();
    const input = this.editor.querySelector("[name=new]").getBoundingClientRect();
    const left = at.right - (input.right - box.left), top = at.top - (input.top - box.top);
    this.editor.style.left = `${Math.max(8, Math.min(innerWidth - box.width - 8, left))}px`;
    this.editor.style.top = `${Math.max(8, Math.min(innerHeight - box.height - 8, top))}px`;
  }

  #close(back = true) {
    if (!this.cellId) return;
    const cell = this.#cell();
    this.cellId = undefined;
    cell?.classList.remove("editing");
    this.editor.hidePopover();
    this.editor.replaceChildren();
    if (back) cell?.focus();
  }

  #remember(form) {
    if (form.elements.reason) sessionStorage.setItem(REASON, form.elements.reason.value.trim());
  }

  #saved(id) {
    if (this.cellId === id) this.#close(false);
    this.activeId = id;
    this.#settle();
    this.active?.focus();
  }

  // The server swapped something: the form came back with a message, or the grid was renewed behind it.
  #swapped() {
    this.#settle();
    if (this.inside && document.activeElement === document.body) this.active?.focus({ preventScroll: true });
    const form = this.cellId && this.editor.querySelector("form");
    if (form && form !== this.shown) {
      this.shown = form;
      this.#place();
      (form.querySelector("[aria-invalid]") ?? form.querySelector(".kg-conflict ~ .foot [data-leave]"))?.focus();
    }
  }

  #changed(detail) {
    const accounts = detail?.accounts ?? [];
    if (accounts.length && !accounts.includes(this.dataset.account)) return;
    clearTimeout(this.soon);
    this.soon = setTimeout(() => this.region?.dispatchEvent(new CustomEvent("grid-changed")), 60);
  }

  #copy(event) {
    const cell = cellOf(event.target);
    if (!cell || String(getSelection())) return;
    event.preventDefault();
    event.clipboardData.setData("text/plain", cell.dataset.exact ?? "");
  }

  #paste(event) {
    const cell = !this.editor?.contains(event.target) && cellOf(event.target);
    if (!cell || !this.editor) return;
    event.preventDefault();
    const lines = event.clipboardData.getData("text/plain").replace(/\r\n?/g, "\n").replace(/\n$/, "").split("\n").map((line) => line.split("\t"));
    if (lines.length === 1 && lines[0].length === 1) this.#open(cell, lines[0][0].trim());
    else this.#block(cell, lines);
  }

  // A block from a spreadsheet: each text with the cell it falls on; the server answers with a preview.
  #block(cell, lines) {
    const rows = this.rows, top = rows.indexOf(cell.parentElement);
    const cells = [];
    let outside = 0;
    lines.forEach((line, down) => line.forEach((text, across) => {
      const on = rows[top + down]?.cells[cell.cellIndex + across];
      if (!text.trim()) return;
      if (on) cells.push([on.id.slice(2), on.dataset.value ?? "", text.trim()].join("|"));
      else outside += 1;
    }));
    const values = { cells: cells.join("\n"), outside };
    window.htmx.ajax("POST", this.dataset.paste, { source: this.region, target: "#dialogs", swap: "innerHTML", values });
  }
});

const cellOf = (element) => element.closest?.(".kg td");

function flash(cell) {
  cell.classList.remove("fresh");
  requestAnimationFrame(() => cell.classList.add("fresh"));
}
