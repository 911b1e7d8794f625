// Drag and drop onto a file field; shows names and sizes. Without script the plain field remains.
const size = (bytes) => bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${(bytes / 1e6).toFixed(1)} MB`;

customElements.define("pl-drop", class extends HTMLElement {
  connectedCallback() {
    const zone = this.firstElementChild;
    let depth = 0;
    const over = (on) => zone.classList.toggle("over", on);
    this.addEventListener("dragenter", (event) => { event.preventDefault(); depth += 1; over(true); });
    this.addEventListener("dragover", (event) => event.preventDefault());
    this.addEventListener("dragleave", () => { depth -= 1; if (depth <= 0) over(false); });
    this.addEventListener("drop", (event) => {
      event.preventDefault();
      depth = 0;
      over(false);
      const input = this.querySelector("input[type=file]");
      const files = new DataTransfer();
      for (const file of [...event.dataTransfer.files].slice(0, input.multiple ? 100 : 1)) files.items.add(file);
      if (!files.files.length) return;
      input.files = files.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    });
    this.addEventListener("change", (event) => this.#show(event.target));
  }

  #show(input) {
    if (input.type !== "file") return;
    this.querySelector(".files")?.replaceChildren(...[...input.files].map((file) => {
      const item = document.createElement("li");
      item.textContent = `${file.name}, ${size(file.size)}`;
      return item;
    }));
    if (this.hasAttribute("data-submit") && input.files.length) input.form?.requestSubmit();
  }
});
