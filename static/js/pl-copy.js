// A button that copies the text of the element named by data-from, and says so.
customElements.define("pl-copy", class extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", async (event) => {
      const button = event.target.closest("[data-from]");
      const from = button && document.getElementById(button.dataset.from);
      if (!from) return;
      const text = (from.value ?? from.textContent).trim();
      try {
        await navigator.clipboard.writeText(text);
        this.#say(button, "Copied");
      } catch {  // no permission, or not https: select it, so that Ctrl C works
        const range = document.createRange();
        range.selectNodeContents(from);
        getSelection().removeAllRanges();
        getSelection().addRange(range);
        this.#say(button, "Selected, press Ctrl C");
      }
    });
  }

  #say(button, words) {
    const before = button.dataset.words ?? (button.dataset.words = button.lastChild.textContent);
    button.lastChild.textContent = words;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => { button.lastChild.textContent = before; }, 2000);
  }
});
