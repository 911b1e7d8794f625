// The token that Django wants on every write, as the page was given it for htmx.
export function csrfHeaders() {
  try {
    return JSON.parse(document.body.getAttribute("hx-headers:inherited") || "{}");
  } catch {
    return {};
  }
}
