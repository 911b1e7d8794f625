// Row selection: [data-all] in the head, name="ids" in the rows, shift-click for a range, a .bulk bar with [data-count].
customElements.define("pl-select-all", class extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", (event) => this.#range(event));
    this.addEventListener("change", (event) => this.#changed(event.target));
    this.addEventListener("click", (event) => { if (event.target.closest("[data-clear]")) this.#all(false); });
    this.#show();
  }

  #boxes() {
    return [...this.querySelectorAll("tbody input[type=checkbox][name=ids]")];
  }

  #range(event) {
    const boxes = this.#boxes();
    const now = boxes.indexOf(event.target);
    if (now < 0) return;
    if (event.shiftKey && this.last >= 0) {
      const [from, to] = [Math.min(now, this.last), Math.max(now, this.last)];
      boxes.slice(from, to + 1).forEach((box) => { box.checked = event.target.checked; });
    }
    this.last = now;
  }

  #all(on) {
    this.#boxes().forEach((box) => { box.checked = on; });
    this.#show();
  }

  #changed(box) {
    box.matches("[data-all]") ? this.#all(box.checked) : this.#show();
  }

  #show() {
    const boxes = this.#boxes();
    const count = boxes.filter((box) => box.checked).length;
    boxes.forEach((box) => box.closest("tr")?.setAttribute("aria-selected", String(box.checked)));
    const all = this.querySelector("[data-all]");
    if (all) {
      all.checked = count > 0 && count === boxes.length;
      all.indeterminate = count > 0 && count < boxes.length;
    }
    const bar = this.querySelector(".bulk");
    if (bar) bar.hidden = !count;
    this.querySelectorAll("[data-count]").forEach((element) => { element.textContent = `${count} selected`; });
  }
});
