// Everything a page behaves like: one module per behaviour, each a light-DOM custom element or a listener.
import "./errors.js";
import "./confirm.js";
import "./pl-chosen.js";
import "./pl-copy.js";
import "./pl-dialog.js";
import "./pl-drop.js";
import "./pl-live.js";
import "./pl-menu.js";
import "./pl-palette.js";
import "./pl-reltime.js";
import "./pl-rows.js";
import "./pl-select-all.js";
import "./pl-shortcuts.js";
import "./pl-theme.js";
import "./pl-toasts.js";
import "./tabs.js";
import "./unfinished.js";
