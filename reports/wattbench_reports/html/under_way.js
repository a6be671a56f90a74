"use strict";
// Keeps the page up to date, and loads it again as the report once the run is finished. What the server sends is
// parsed as a document of its own, in which no script runs, and only what differs is replaced: focus and scrolling stay.
(() => {
  const EVERY_MS = 2000;
  const content = document.getElementById("content");
  const connection = document.getElementById("connection");

  const update = (now, next) => {
    if (now.isEqualNode(next)) return;
    const inside = [...now.childNodes];
    const wanted = [...next.childNodes];
    const alike = now.nodeType === Node.ELEMENT_NODE && now.nodeName === next.nodeName && now.id === next.id;
    if (!alike || !inside.length || inside.length !== wanted.length) {
      now.replaceWith(next);
      return;
    }
    inside.forEach((each, index) => update(each, wanted[index]));
  };

  const show = (html) => {
    const next = new DOMParser().parseFromString(`<div id="content">\n${html}\n</div>`, "text/html");
    update(content.querySelector("section"), next.querySelector("section"));
  };

  const look = async () => {
    if (!document.hidden) {
      try {
        const reply = await fetch("state.json", { cache: "no-store" });
        if (!reply.ok) throw new Error(String(reply.status));
        const { state, content: html } = await reply.json();
        if (state === "finished") {
          connection.textContent = "The run is finished. The report is being made.";
          location.reload();
          return;
        }
        if (connection.textContent) connection.textContent = "";
        show(html);
      } catch {
        connection.textContent = "This page is no longer kept up to date: wattbench view has ended, or does not answer.";
      }
    }
    setTimeout(look, EVERY_MS);
  };
  setTimeout(look, EVERY_MS);
})();
