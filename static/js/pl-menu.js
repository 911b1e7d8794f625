// Puts a popover next to its button and moves the focus with the arrow keys. Without script it opens in the middle.
const GAP = 5;

customElements.define("pl-menu", class extends HTMLElement {
  connectedCallback() {
    const pop = this.querySelector("[popover]");
    if (!pop) return;
    pop.addEventListener("beforetoggle", (event) => { if (event.newState === "open") pop.style.visibility = "hidden"; });
    pop.addEventListener("toggle", (event) => { if (event.newState === "open") this.#place(pop); });
    pop.addEventListener("keydown", (event) => this.#move(event, pop));
    pop.addEventListener("click", (event) => { if (event.target.closest("a, button:not([data-stay])")) pop.hidePopover(); });
  }

  #place(pop) {
    const button = this.querySelector("[popovertarget]").getBoundingClientRect();
    const { width, height } = pop.getBoundingClientRect();
    const rtl = getComputedStyle(this).direction === "rtl";
    const left = rtl ? button.right - width : button.left;
    const fits = left + width < innerWidth - 8;
    pop.style.left = `${Math.max(8, fits ? left : button.right - width)}px`;
    const above = this.dataset.placement === "above" || button.bottom + height + GAP > innerHeight - 8;
    pop.style.top = `${Math.max(8, above && button.top - height - GAP > 0 ? button.top - height - GAP : button.bottom + GAP)}px`;
    pop.style.visibility = "";
    if (this.querySelector("[popovertarget]").matches(":focus-visible")) items(pop)[0]?.focus();
  }

  #move(event, pop) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const list = items(pop);
    list.at((list.indexOf(document.activeElement) + step) % list.length)?.focus();
  }
});

const items = (pop) => [...pop.querySelectorAll("a[href], button:not(:disabled), input:not([type=hidden])")];
