// Show a toast from any module: the pl-toasts element of the page listens on body.
export function toast(text, kind = "done", undoUrl = "") {
  document.body.dispatchEvent(new CustomEvent("toast", { detail: { text, kind, undoUrl } }));
}
