// Toasts: the HX-Trigger event "toast" {text, kind, undoUrl} shows one; Undo posts to undoUrl. Kinds: done, warn, error.
import { csrfHeaders } from "./csrf.js";

const SHOWN = 6_000;
const WITH_UNDO = 10_000;
const MOST = 3;

customElements.define("pl-toasts", class extends HTMLElement {
  connectedCallback() {
    document.body.addEventListener("toast", this.heard = (event) => this.#show(event.detail || {}));
    this.addEventListener("click", (event) => this.#click(event));
    this.querySelectorAll(".toast").forEach((element) => this.#leave(element, SHOWN));
  }

  disconnectedCallback() {
    document.body.removeEventListener("toast", this.heard);
  }

  #show({ text, value, kind = "done", undoUrl = "" }) {
    const words = text || value;
    if (!words) return;
    const name = kind === "error" || kind === "warn" ? "error" : "done";
    const element = this.querySelector(`template.${name}`).content.firstElementChild.cloneNode(true);
    element.classList.toggle("warn", kind === "warn");
    element.classList.toggle("error", kind === "error");
    element.querySelector("span").textContent = words;
    const undo = element.querySelector(".undo");
    undo.hidden = !undoUrl;
    undo.dataset.url = undoUrl;
    this.append(element);
    const all = this.querySelectorAll(".toast");
    if (all.length > MOST) all[0].remove();
    this.#leave(element, undoUrl ? WITH_UNDO : kind === "error" ? WITH_UNDO : SHOWN);
  }

  #leave(element, after) {
    let timer;
    const start = () => { timer = setTimeout(() => element.remove(), after); };
    const hold = () => clearTimeout(timer);
    element.addEventListener("pointerenter", hold);
    element.addEventListener("focusin", hold);
    element.addEventListener("pointerleave", start);
    element.addEventListener("focusout", start);
    start();
  }

  // The answer names what changed; what shows it listens. An answer without a word needs the page anew.
  #undone(response) {
    const events = response.headers.get("HX-Trigger");
    if (!events) return location.reload();
    for (const [name, detail] of Object.entries(JSON.parse(events))) {
      document.body.dispatchEvent(new CustomEvent(name, { detail }));
    }
  }

  async #click(event) {
    const button = event.target.closest("button");
    if (!button) return;
    const url = button.dataset.url;
    button.closest(".toast").remove();
    if (!url) return;
    const response = await fetch(url, { method: "POST", headers: { ...csrfHeaders(), "HX-Request": "true" } }).catch(() => null);
    if (response?.ok) this.#undone(response);
    else this.#show({ text: "It could not be undone. Reload the page and check.", kind: "error" });
  }
});
