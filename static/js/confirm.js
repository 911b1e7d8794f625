// hx-confirm and form[data-confirm] ask in our own dialog. data-confirm-yes names the button, e.g. "Delete".
let dialog;

function build() {
  dialog = document.createElement("dialog");
  dialog.className = "dialog";
  dialog.setAttribute("aria-labelledby", "confirm-title");
  dialog.innerHTML = `<form method="dialog"><div class="body"><h2 id="confirm-title"></h2></div>
    <footer><button class="btn" value="no">Cancel</button><button class="btn solid" value="yes"></button></footer></form>`;
  document.body.append(dialog);
}

function ask(text, yes) {
  if (!dialog) build();
  dialog.querySelector("h2").textContent = text;
  dialog.querySelector("[value=yes]").textContent = yes || "Continue";
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true }));
}

document.addEventListener("htmx:confirm", async (event) => {
  event.preventDefault();
  const { ctx, issueRequest, dropRequest } = event.detail;
  const yes = ctx.sourceElement.closest("[data-confirm-yes]")?.dataset.confirmYes;
  (await ask(ctx.confirm, yes)) ? issueRequest() : dropRequest();
});

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.dataset?.confirm || form.dataset.confirmed || form.hasAttribute("hx-confirm")) return;
  event.preventDefault();
  const button = event.submitter;
  if (await ask(form.dataset.confirm, form.dataset.confirmYes)) {
    form.dataset.confirmed = "1";
    form.requestSubmit(button?.form === form ? button : undefined);
    delete form.dataset.confirmed;
  }
}, true);
