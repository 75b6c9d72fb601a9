"use strict";
// Looks every two seconds whether the page has changed, and takes over what is new. Without it the page is as it was when it was loaded.
(() => {
  const MILLIS = 2000;
  let last = null;

  const FOCUSABLE = "main a, main button, main input, main summary, main [tabindex]";

  function all(selector) {
    return [...document.querySelectorAll(selector)];
  }

  function keep() {
    return {
      open: all("main details").map((details) => details.open),
      scrolled: all("main .scroll, main pre").map((box) => box.scrollLeft),
      focus: all(FOCUSABLE).indexOf(document.activeElement),
    };
  }

  function restore(kept) {
    const details = all("main details");
    if (details.length === kept.open.length) details.forEach((one, i) => (one.open = kept.open[i]));
    all("main .scroll, main pre").forEach((box, i) => (box.scrollLeft = kept.scrolled[i] ?? 0));
    if (kept.focus >= 0) all(FOCUSABLE)[kept.focus]?.focus({ preventScroll: true });
  }

  async function look() {
    let text;
    try {
      const answer = await fetch(location.href, { cache: "no-store" });
      if (!answer.ok) throw new Error("answer " + answer.status);
      text = await answer.text();
      document.body.classList.remove("silent");
    } catch {
      document.body.classList.add("silent");
      return;
    }
    const looking = document.querySelector(".readout") || document.getSelection().type === "Range";
    if (text === last || looking) return;
    const main = new DOMParser().parseFromString(text, "text/html").querySelector("main");
    if (last !== null && main) {
      const kept = keep();
      document.querySelector("main").replaceWith(document.adoptNode(main));
      restore(kept);
    }
    last = text;
  }

  async function again() {
    if (!document.hidden) await look();
    setTimeout(again, MILLIS);
  }

  document.addEventListener("change", (event) => {
    const form = event.target.form;
    if (!form) return;
    const query = new URLSearchParams(new FormData(form));
    history.replaceState(null, "", "?" + query);
    last = "";
    look();
  });
  again();
})();
