// A panel that renews itself on an event leaves alone what somebody is writing in it: an open form keeps its words,
// a link that is shown once stays on the page. The panel renews on the next event after that.
const PANEL = "[id^='panel-']";

function changed(field) {
  if (field.type === "hidden" || field.readOnly) return false;
  if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
  if (field.type === "file") return field.files.length > 0;
  if (field instanceof HTMLSelectElement) {
    return [...field.options].some((option) => option.selected !== option.defaultSelected && option.defaultSelected);
  }
  return field.value !== field.defaultValue;
}

function unfinished(panel) {
  if (panel.querySelector("[data-keep]")) return true;
  return [...panel.querySelectorAll("input, textarea, select")].some(changed);
}

document.addEventListener("htmx:before:request", (event) => {
  const { ctx } = event.detail;
  const panel = ctx?.sourceElement;
  if (panel?.matches?.(PANEL) && unfinished(panel)) event.preventDefault();
});
