// Polls data-url while the page is visible. 204 means nothing new; an HX-Trigger header becomes events on body, which
// regions hear with hx-trigger="name from:body". A PL-Cursor header is sent back as ?after=. Failures slow it down; a
// session that ended (401, 403, 404 or a redirect) stops it.
const SLOWEST = 30_000;

customElements.define("pl-live", class extends HTMLElement {
  connectedCallback() {
    this.every = Number(this.dataset.every) || 1000;
    this.wait = this.every;
    this.visible = () => document.hidden ? clearTimeout(this.timer) : this.#poll();
    document.addEventListener("visibilitychange", this.visible);
    this.timer = setTimeout(() => this.#poll(), this.wait);
  }

  disconnectedCallback() {
    clearTimeout(this.timer);
    document.removeEventListener("visibilitychange", this.visible);
  }

  async #poll() {
    clearTimeout(this.timer);
    if (document.hidden || this.busy || this.stopped) return;
    this.busy = true;
    const url = new URL(this.dataset.url, location.href);
    if (this.cursor) url.searchParams.set("after", this.cursor);
    try {
      const response = await fetch(url, { headers: { "HX-Request": "true" }, redirect: "manual" });
      this.stopped = response.type === "opaqueredirect" || [401, 403, 404].includes(response.status);
      this.wait = response.ok ? this.every : Math.min(SLOWEST, this.wait * 2);
      this.cursor = response.headers.get("PL-Cursor") || this.cursor;
      if (response.ok) announce(response.headers.get("HX-Trigger"));
    } catch {
      this.wait = Math.min(SLOWEST, this.wait * 2);
    } finally {
      this.busy = false;
      if (this.isConnected && !this.stopped) this.timer = setTimeout(() => this.#poll(), this.wait);
    }
  }
});

function announce(header) {
  if (!header) return;
  const events = header.trim().startsWith("{") ? JSON.parse(header) : Object.fromEntries(header.split(",").map((name) => [name.trim(), null]));
  for (const [name, detail] of Object.entries(events)) document.body.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }));
}
