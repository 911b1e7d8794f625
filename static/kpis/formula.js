// The formula editor: names go in where the cursor is, a suggestion replaces what is wrong, "Show" selects it.
// Without this module the formula is checked when the button is pressed.
customElements.define("pl-formula", class extends HTMLElement {
  connectedCallback() {
    this.clicked = (event) => this.#click(event.target.closest("button"));
    this.swapped = () => this.#judge();
    document.addEventListener("click", this.clicked);
    document.addEventListener("htmx:after:swap", this.swapped);
    this.text?.addEventListener("input", () => this.#grow());
    this.#grow();
  }

  disconnectedCallback() {
    document.removeEventListener("click", this.clicked);
    document.removeEventListener("htmx:after:swap", this.swapped);
  }

  get text() { return this.querySelector("textarea"); }

  #click(button) {
    const { insert, replace, start, end } = button?.dataset ?? {};
    if (!this.text || (!insert && start === undefined)) return;
    if (insert) this.#put(spaced(this.text, insert), this.text.selectionStart, this.text.selectionEnd, insert);
    else if (replace) this.#put(replace, +start, +end, replace);
    else { this.text.focus(); this.text.setSelectionRange(+start, +end); }
  }

  // A function goes in with its first argument selected, so that typing goes on there.
  #put(words, from, to, name) {
    if (this.text.readOnly) return;
    this.text.focus();
    this.text.setRangeText(words, from, to, "end");
    const bracket = name.indexOf("(");
    if (bracket > 0) {
      const first = from + words.indexOf(name) + bracket + 1;
      this.text.setSelectionRange(first, first + name.slice(bracket + 1).search(/[,)]/));
    }
    this.text.dispatchEvent(new Event("input", { bubbles: true }));
  }

  #judge() {
    const check = this.querySelector("#check");
    if (check && this.text) this.text.toggleAttribute("aria-invalid", !check.dataset.holds && !check.dataset.empty);
    if (this.text?.hasAttribute("aria-invalid")) this.text.setAttribute("aria-invalid", "true");
  }

  #grow() {
    if (!this.text) return;
    this.text.rows = Math.min(16, Math.max(4, this.text.value.split("\n").length + 1));
  }
});

function spaced(text, name) {
  const before = text.value.slice(0, text.selectionStart);
  return /[\w"')]$/.test(before) ? ` ${name}` : name;
}
