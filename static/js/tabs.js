// On a phone the tab in force may lie beyond the edge: bring it into view.
const show = () => document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
document.fonts.ready.then(show);
document.addEventListener("htmx:after:swap", show);
