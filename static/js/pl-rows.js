// Rows by single keys: [data-move] buttons go down and up through the rows that data-rows selects. The chosen row's own
// [data-key] controls become page shortcuts, so the sheet lists them and pl-shortcuts presses them.
customElements.define("pl-rows", class extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", (event) => {
      const move = event.target.closest("[data-move]");
      if (move) this.#go(Number(move.dataset.move));
    });
  }

  #go(by) {
    const rows = [...document.querySelectorAll(this.dataset.rows)];
    const at = rows.findIndex((row) => row.hasAttribute("data-chosen"));
    const next = rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + by, 0), rows.length - 1)];
    for (const row of rows) {
      row.toggleAttribute("data-chosen", row === next);
      for (const control of row.querySelectorAll("[data-key]")) {
        if (row === next) control.dataset.shortcut = control.dataset.key;
        else delete control.dataset.shortcut;
      }
    }
    next?.querySelector("a, button.as-link")?.focus();
    next?.scrollIntoView({ block: "nearest" });
  }
});
