// A native dialog with a way in: [data-opens="id"] opens it, [data-close] and a click outside close it; the browser
// gives the focus back. data-open on the element opens it on arrival (htmx into #dialogs); it then leaves on close.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  const dialog = opener && document.getElementById(opener.dataset.opens);
  if (!dialog || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  opener.closest("[popover]")?.hidePopover();
  show(dialog);
});

// The first field gets the focus, not the close button that happens to come first.
function show(dialog) {
  dialog.showModal();
  if (!dialog.querySelector("[autofocus]")) dialog.querySelector(".body :is(input:not([type=hidden]), select, textarea)")?.focus();
}

customElements.define("pl-dialog", class extends HTMLElement {
  connectedCallback() {
    queueMicrotask(() => this.#start());
  }

  #start() {
    const dialog = this.querySelector("dialog");
    if (!dialog || this.started) return;
    this.started = true;
    let downOutside = false;
    dialog.addEventListener("pointerdown", (event) => { downOutside = event.target === dialog; });
    dialog.addEventListener("click", (event) => {
      if (event.target.closest("[data-close]") || (downOutside && event.target === dialog)) dialog.close();
    });
    if (!this.hasAttribute("data-open")) return;
    const before = document.activeElement;
    dialog.addEventListener("close", () => { this.remove(); before?.isConnected && before.focus(); });
    show(dialog);
  }
});

// A server answer may say HX-Trigger: closeDialog.
document.addEventListener("closeDialog", () => document.querySelectorAll("pl-dialog dialog[open]").forEach((d) => d.close()));
