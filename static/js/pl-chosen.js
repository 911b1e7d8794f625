// A form in which a select named "field" says what the others are for: of those named value-… only the chosen one shows.
// Without this module all of them show. What is hidden is not sent.
customElements.define("pl-chosen", class extends HTMLElement {
  connectedCallback() {
    this.addEventListener("change", (event) => { if (event.target.name === "field") this.#show(); });
    addEventListener("pageshow", () => this.#show(), { once: true }); // a browser that goes back chooses without a word
    this.#show();
  }

  #show() {
    const chosen = this.querySelector("select[name=field]")?.value ?? "";
    const shown = (control) => control.name === `value-${chosen}`;
    for (const control of this.querySelectorAll("form [name^='value-']:not([type=hidden])")) {
      control.disabled = !shown(control);
      const field = control.closest(".field");
      if (field) field.hidden = !shown(control);
    }
    this.querySelectorAll(".pair").forEach((pair) => { pair.hidden = !pair.querySelector(".field:not([hidden])"); });
    this.querySelectorAll("[data-unchosen]").forEach((hint) => { hint.hidden = true; });
  }
});
