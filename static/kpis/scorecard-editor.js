// The scorecard editor: shares and curves follow each key, the preview follows a moment later, and
// whoever leaves with unsaved changes is asked. Without this module the page is a form with buttons.
const WAIT = 350;
const SLOW = 400;  // from when on somebody who waits is told what for
const NO_SHARE = "Enter per cent of the score, 0 to 100.";
const NUMBER = /^[-−+]?[\d\s.,'’]+/;

customElements.define("pl-scorecard", class extends HTMLElement {
  connectedCallback() {
    this.addEventListener("input", (event) => this.#typed(event.target));
    this.addEventListener("change", (event) => this.#changed(event.target));
    this.addEventListener("keydown", (event) => this.#key(event));
    this.addEventListener("click", (event) => this.#click(event));
    this.addEventListener("submit", (event) => this.#sent(event));
    this.listeners = [
      [document, "keydown", (event) => this.#shortcut(event)],
      [document, "htmx:after:swap", (event) => this.#swapped(event.detail?.ctx?.target)],
      [document, "htmx:before:swap", (event) => { if (event.detail?.ctx?.target?.id === "scorecard") this.#remember(); }],
      [document, "htmx:response:error", (event) => this.#failed(event.detail?.ctx)],
      [document, "htmx:error", (event) => { if (event.detail?.error?.name !== "AbortError") this.#failed(event.detail?.ctx); }],
      [window, "beforeunload", (event) => { if (this.dirty && !this.leaving) event.preventDefault(); }],
    ];
    for (const [target, name, heard] of this.listeners) target.addEventListener(name, heard);
    this.state = document.querySelector("[data-state]");
    this.#settle();
    this.#look(0);
  }

  disconnectedCallback() {
    clearTimeout(this.soon);
    clearTimeout(this.slow);
    for (const [target, name, heard] of this.listeners) target.removeEventListener(name, heard);
  }

  get form() { return this.querySelector("#scorecard"); }
  get rows() { return [...this.querySelectorAll(".sc-row")]; }

  // A form that came from the server: what it holds is the start of what "unsaved" is measured against.
  #settle() {
    this.started = this.form.dataset.dirty ? null : this.#text();
    for (const field of this.form.elements) field.dataset.was = field.type === "radio" ? field.checked : field.value;
    this.#draw();
    this.#filter();
    this.#say();
  }

  #text() {
    return [...new FormData(this.form)].filter(([name]) => !["csrfmiddlewaretoken", "edits", "add", "do"].includes(name)).join("\n");
  }

  #swapped(target) {
    if (!this.form || !target) return;
    if (target.id === "scorecard") {  // the whole form was renewed by a button: it says what the server says
      this.form.reset();
      this.#unfold();
      this.#settle();
      this.#look(0);
      const bad = this.querySelector("[aria-invalid=true]");
      bad?.closest(".sc-row details")?.setAttribute("open", "");
      (this.querySelector(".sc-conflict .btn") ?? bad)?.focus();
      if (this.added) this.#show(this.added);
    } else if (target.id === "sc-effect") {
      this.#waited();
      this.#place();
      this.#brief();
    }
  }

  // What a person has unfolded stays so when the form is renewed, and where they were they are again.
  #remember() {
    this.unfolded = this.rows.filter((row) => row.querySelector("details").open).map((row) => row.dataset.kpi);
    this.folded = [...this.querySelectorAll(".sc-group:not([open])")].map((group) => group.dataset.group);
    this.focused = document.activeElement?.name ?? "";
    this.at = scrollY;
    this.last = [...this.querySelector("#sc-effect").childNodes];
  }

  #unfold() {
    if (this.last?.length) this.querySelector("#sc-effect").replaceChildren(...this.last);  // until the next one is there
    for (const code of this.unfolded ?? []) this.querySelector(`[data-kpi="${CSS.escape(code)}"] details`)?.setAttribute("open", "");
    for (const code of this.folded ?? []) this.querySelector(`[data-group="${CSS.escape(code)}"]`)?.removeAttribute("open");
    const field = this.focused && this.form.querySelector(`[name="${CSS.escape(this.focused)}"]:not([type=hidden], [type=submit], [type=radio])`);
    if (field && document.activeElement === document.body) field.focus({ preventScroll: true });
    if (this.at !== undefined) scrollTo({ top: this.at, behavior: "instant" });
  }

  #show(name) {
    const row = this.rows.find((one) => one.dataset.name === name.trim().toLowerCase());
    this.added = "";
    if (!row) return;
    row.closest("details.sc-group").open = true;
    row.querySelector("details").open = true;
    row.scrollIntoView({ block: "center" });
    row.querySelector(".sc-impact input:checked")?.focus({ preventScroll: true });
  }

  #typed(field) {
    if (field.matches("[data-filter]")) return this.#filter();
    if (!field.name || field.name === "add") return;
    this.#follow(field);
    this.#look(WAIT);
  }

  #changed(field) {
    if (field.matches("[data-only]")) return this.#filter();
    if (field.matches("[data-category]")) this.#ask("refresh");  // the row goes to its category
  }

  #follow(field) {
    this.#draw();
    const row = field.closest(".sc-row");
    if (row) {
      row.classList.toggle("dirty", [...row.querySelectorAll("[name]")].some(touched));
      if (field.dataset.points) drawCurve(row);
    }
    this.#say();
  }

  // Shares: of the categories among themselves, and of each KPI within its own.
  #draw() {
    const shares = new Map([...this.querySelectorAll("[data-share]")].map((field) => [field.dataset.share, this.#share(field)]));
    const within = new Map();
    for (const row of this.rows) {
      const group = row.closest("[data-group]").dataset.group;
      within.set(group, (within.get(group) || 0) + weight(row));
    }
    let sum = 0, counted = 0;
    for (const [code, typed] of shares) {
      const share = typed ?? 0;
      sum += share;
      if (within.get(code) > 0) counted += share;
      for (const bar of this.querySelectorAll(`.sc-bar [data-cat="${CSS.escape(code)}"]`)) bar.style.setProperty("--v", share);
      const label = this.querySelector(`[data-group-share="${CSS.escape(code)}"]`);
      if (label) label.textContent = typed === null ? "—" : `${plain(share)}%`;
    }
    const total = this.querySelector("[data-sum]");
    const unknown = [...shares.values()].includes(null);
    total.textContent = unknown ? "—" : `${plain(sum)}%`;
    total.classList.toggle("off", unknown || Math.abs(sum - 100) > 0.05);
    this.querySelector("[data-balance]").hidden = unknown || Math.abs(sum - 100) <= 0.05;
    for (const row of this.rows) {
      const group = row.closest("[data-group]").dataset.group;
      const share = counted && within.get(group) ? (100 * (shares.get(group) ?? 0) / counted) * weight(row) / within.get(group) : 0;
      row.querySelector("[data-pc]").textContent = unknown ? "—" : `${share.toFixed(1).replace(/\.0$/, "")}%`;
    }
    const axis = this.querySelectorAll(".sc-axis i");
    axis[0].style.setProperty("--v", within100(this.form.elements.yellow_from.value) ?? 0);
    axis[2].style.setProperty("--v", within100(this.form.elements.green_from.value) ?? 0);
  }

  // What a category weighs, null for what is no share; the field says so while it is typed.
  #share(field) {
    const share = within100(field.value), place = this.querySelector(`[data-error="${CSS.escape(field.name)}"]`);
    if (share === null) {
      field.setAttribute("aria-invalid", "true");
      if (place) place.textContent = NO_SHARE;
    } else if (place?.textContent === NO_SHARE) {
      field.removeAttribute("aria-invalid");
      place.textContent = "";
    }
    return share;
  }

  #filter() {
    const words = this.querySelector("[data-filter]").value.toLowerCase().split(/\s+/).filter(Boolean);
    const only = this.querySelector("[data-only]").checked;
    for (const row of this.rows) {
      const found = words.every((word) => row.dataset.name.includes(word) || row.dataset.kpi.includes(word));
      row.hidden = !found || (only && !row.dataset.changed && !row.classList.contains("dirty"));
    }
    for (const group of this.querySelectorAll(".sc-group")) {
      const left = [...group.querySelectorAll(".sc-row")].filter((row) => !row.hidden).length;
      group.hidden = (words.length > 0 || only) && !left;
      if (words.length && left) group.open = true;
    }
    const address = new URL(location.href);
    words.length ? address.searchParams.set("q", words.join(" ")) : address.searchParams.delete("q");
    only ? address.searchParams.set("changed", "1") : address.searchParams.delete("changed");
    history.replaceState(history.state, "", address);
  }

  #say() {
    this.dirty = this.started === null || this.#text() !== this.started;
    const touchedRows = this.rows.filter((row) => row.dataset.changed || row.classList.contains("dirty")).length;
    this.querySelector("[data-changed]").textContent = touchedRows;
    if (!this.state) return;
    this.state.textContent = this.dirty ? "Not saved yet" : "";
    this.state.classList.toggle("dirty", this.dirty);
  }

  // Arrow keys turn a figure: one step, with Shift ten. The radios of the impact have theirs from the browser.
  #key(event) {
    const field = event.target;
    if (event.key === "Enter" && field.id === "sc-add") {
      event.preventDefault();
      this.#ask("add");
    } else if (event.key === "Enter" && field.matches("input.input")) {
      event.preventDefault();  // Enter in a field looks; it never saves by accident
      this.#look(0);
    }
    if (!["ArrowUp", "ArrowDown"].includes(event.key) || event.altKey || event.ctrlKey || event.metaKey) return;
    if (!field.matches("input.num")) return;
    const now = number(field.value);
    if (Number.isNaN(now)) return;
    event.preventDefault();
    const step = Number(field.dataset.step) || nice(now);
    const next = now + (event.key === "ArrowUp" ? 1 : -1) * step * (event.shiftKey ? 10 : 1);
    const low = Number(field.dataset.min ?? -Infinity), high = Number(field.dataset.max ?? Infinity);
    field.value = plain(Math.min(high, Math.max(low, next)));
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  #click(event) {
    const button = event.target.closest("button, a");
    if (!button) return;
    if (button.matches("[data-fold]")) {
      for (const group of this.querySelectorAll(".sc-group")) group.open = Boolean(button.dataset.fold);
    } else if (button.matches("[data-preset]")) {
      event.preventDefault();
      const [green, yellow] = button.dataset.preset.split(",");
      this.form.elements.green_from.value = green;
      this.form.elements.yellow_from.value = yellow;
      this.#follow(this.form.elements.green_from);
      this.#look(0);
    } else if (button.matches("[data-leave]")) {
      this.leaving = true;
    } else if (button.name === "do" && button.value === "preview") {
      this.#wait();
    } else if (button.name === "do") {
      this.#note(button.value);
    }
  }

  #note(what) {
    this.added = what === "add" ? this.form.elements.add.value : "";
  }

  #sent(event) {
    const what = event.submitter?.value ?? "save";
    if (what !== "preview") this.#note(what);
  }

  #ask(what) {
    const button = document.createElement("button");
    Object.assign(button, { type: "submit", name: "do", value: what, hidden: true });
    this.form.append(button);
    this.form.requestSubmit(button);
    setTimeout(() => button.remove());
  }

  #shortcut(event) {
    if (event.key.toLowerCase() !== "s" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    event.preventDefault();
    document.querySelector("[data-save]")?.click();
  }

  #look(after) {
    clearTimeout(this.soon);
    this.soon = setTimeout(() => {
      this.#wait();
      this.querySelector("#sc-look")?.dispatchEvent(new CustomEvent("look"));
    }, after);
  }

  // The first look at a large portfolio reads every value. Until it answers the page says so; typing starts it over.
  #wait() {
    clearTimeout(this.slow);
    this.slow = setTimeout(() => {
      const effect = this.querySelector("#sc-effect"), reading = this.querySelector("#sc-reading");
      const words = reading.content.textContent.trim();
      effect.setAttribute("aria-busy", "true");
      if (!effect.querySelector(".sc-big")) effect.replaceChildren(reading.content.cloneNode(true));
      this.querySelector("[data-busy]").textContent = "Looking…";
      this.querySelector("[data-said]").textContent = words;
    }, SLOW);
  }

  #waited() {
    clearTimeout(this.slow);
    this.querySelector("#sc-effect").removeAttribute("aria-busy");
    this.querySelector("[data-busy]").textContent = "Nothing is stored";
  }

  #failed(ctx) {
    if (ctx?.sourceElement?.id !== "sc-look") return;
    this.#waited();
    this.querySelector("#sc-effect .sc-reading")?.replaceChildren("There was no answer. Press Preview to look again.");
  }

  // The figure of the preview in one line: for a reader, and where the preview lies below.
  #brief() {
    const words = this.querySelector("#sc-effect :is(.sc-big, .empty)")?.innerText.replace(/\s+/g, " ").trim() ?? "";
    this.querySelector("[data-said]").textContent = words;
    const count = this.querySelector("#sc-effect .sc-big > b")?.textContent;
    this.querySelector("[data-brief]").textContent = count ? `${count} change colour` : "What it would do";
  }

  // The preview brought words for fields and rows: put each where it belongs, take away those that hold no more.
  #place() {
    const effect = this.querySelector("#sc-effect");
    if (!effect.querySelector("template") && !effect.childElementCount) return;
    for (const place of this.querySelectorAll("[data-says]")) {
      const said = [...effect.querySelectorAll(`template[data-say="${CSS.escape(place.dataset.says)}"]`)];
      place.replaceChildren(...said.map((one) => one.content.cloneNode(true)));
    }
    for (const place of this.querySelectorAll("[data-error]")) {
      const words = effect.querySelector(`template[data-field="${CSS.escape(place.dataset.error)}"]`)?.content.textContent ?? "";
      place.textContent = words;
      const field = this.form.elements[place.dataset.error];
      if (field?.setAttribute) words ? field.setAttribute("aria-invalid", "true") : field.removeAttribute("aria-invalid");
    }
  }
});

function touched(field) {
  return String(field.type === "radio" ? field.checked : field.value) !== field.dataset.was;
}

function weight(row) {
  return Math.max(0, Number(row.querySelector(".sc-impact input:checked")?.value) || 0);
}

// "1,5", "12 %", "1 250": as the server reads them, but for what is doubtful; only for drawing.
function number(text) {
  const found = NUMBER.exec(text.trim());
  if (!found) return NaN;
  const digits = found[0].replace(/[\s'’]/g, "").replace("−", "-");
  return Number(digits.includes(",") && !digits.includes(".") ? digits.replace(",", ".") : digits.replaceAll(",", ""));
}

// A figure from 0 to 100, null for anything else, such as "1e21".
function within100(text) {
  const found = number(text);
  return found >= 0 && found <= 100 && !/[a-z]/i.test(text) ? found : null;
}

function plain(value) {
  return String(Math.round(value * 1e4) / 1e4);
}

function nice(value) {
  const size = Math.abs(value);
  return size >= 1000 ? 100 : size >= 200 ? 10 : size >= 10 ? 1 : size >= 2 ? 0.1 : 0.05;
}

// The curve of one KPI between its edges, rising, falling or both; an empty edge is left to the server.
function drawCurve(row) {
  const corners = [...row.querySelectorAll("[data-points]")].map((field) => [number(field.value), Number(field.dataset.points)]).filter(([value]) => !Number.isNaN(value));
  corners.sort((one, other) => one[0] - other[0]);
  if (corners.length < 2 || corners[0][0] === corners.at(-1)[0]) return;
  const low = corners[0][0], span = corners.at(-1)[0] - low;
  row.querySelector("[data-curve]").setAttribute("d", `M${corners.map(([value, points]) => `${(100 * (value - low) / span).toFixed(1)} ${100 - points}`).join("L")}`);
}
