// What a person reads when the server or the network fails. 4xx answers that carry a form (400, 409, 422) swap as usual.
import { toast } from "./toast.js";

const WORDS = {
  401: "You have been signed out. Reload the page to sign in again.",
  403: "Your role does not allow this.",
  404: "This is no longer here. Reload the page.",
  413: "The file is too large.",
  429: "Too many requests. Wait a minute and try again.",
};

document.addEventListener("htmx:response:error", ({ detail: { ctx } }) => {
  const status = ctx.response.status;
  if (ctx.hx.redirect || ctx.hx.refresh || ctx.hx.retarget) return;
  const words = status >= 500 ? "Something went wrong on our side. Nothing was changed; try again." : WORDS[status];
  if (!words) return;
  ctx.swap = "none";
  if (!ctx.hx.trigger?.includes("toast")) toast(words, "error");
});

document.addEventListener("htmx:error", ({ detail: { ctx, error } }) => {
  if (!ctx || error?.name === "AbortError") return;
  if (ctx.response) console.error(error);
  toast(ctx.response ? "This page could not be updated. Reload it." : "No connection to the server. Check the network and try again.", "error");
});

// A whole page where a fragment was asked for: the session ended or the address moved. Go there.
document.addEventListener("htmx:after:request", (event) => {
  const { ctx } = event.detail;
  const whole = /^\s*(<!--[\s\S]*?-->\s*)*<!doctype html/i.test(ctx.text || "");
  if (!whole || ctx.select || ctx.target === document.body || ctx.response.status >= 400) return;
  event.preventDefault();
  location.assign(ctx.response.raw.url || location.href);
});
