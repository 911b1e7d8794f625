// Keeps "4 min ago" true. The server writes the first text, so nothing moves on load.
const each = new Set();

function words(stamp) {
  const seconds = (Date.now() - stamp) / 1000;
  if (Math.abs(seconds) < 45) return "just now";
  const minutes = Math.round(Math.abs(seconds) / 60);
  const sameDay = new Date(stamp).toDateString() === new Date().toDateString();
  if (minutes >= 60 && !sameDay) return null;
  const text = minutes < 60 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
  return seconds > 0 ? `${text} ago` : `in ${text}`;
}

setInterval(() => each.forEach((element) => element.tick()), 30_000);

customElements.define("pl-reltime", class extends HTMLElement {
  connectedCallback() { each.add(this); }
  disconnectedCallback() { each.delete(this); }

  tick() {
    const time = this.querySelector("time");
    if (!time?.dateTime.includes("T")) return;
    const text = words(Date.parse(time.dateTime));
    if (text && text !== time.textContent) time.textContent = text;
  }
});
