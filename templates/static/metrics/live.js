/* Asks for what came since the last row every two seconds, unless nobody looks. */
"use strict";

(() => {
  const EVERY_MS = 2000;
  const AT_MOST_EVERY_MS = 30000;
  const table = document.getElementById("live-table");
  const body = table.tBodies[0];
  const pause = document.getElementById("live-pause");
  const status = document.getElementById("live-status");
  const empty = document.getElementById("live-empty");
  const columns = ["key", "outcome", "reason", "cost", "saving", "time", "rule", "models", "tokens"];
  const long = new Set(["outcome", "models"]);
  const numbers = new Set(["tokens", "cost", "saving", "time"]);
  let last = table.dataset.last;
  let timer = 0;
  let asking = false;
  let paused = false;
  let signedOut = false;
  let wait = EVERY_MS;

  const say = (words) => {
    if (status.textContent !== words) status.textContent = words;
  };

  /* Only text is ever set: models are named by clients. */
  const rowOf = (decision) => {
    const row = document.createElement("tr");
    row.dataset.id = decision.id;
    const head = document.createElement("th");
    head.scope = "row";
    const link = document.createElement("a");
    link.href = decision.url;
    link.textContent = decision.started;
    head.append(link);
    row.append(head);
    for (const name of columns) {
      const cell = document.createElement("td");
      cell.textContent = decision[name];
      if (long.has(name)) cell.classList.add("long");
      if (numbers.has(name)) cell.classList.add("number");
      if (name === "saving" && decision.loss) cell.classList.add("loss");
      row.append(cell);
    }
    return row;
  };

  /* A row that shows already stays what it is. */
  const show = (answer) => {
    const known = new Set(Array.from(body.rows, (row) => row.dataset.id));
    const fresh = answer.rows.filter((decision) => !known.has(decision.id)).map(rowOf);
    if (fresh.length) {
      for (const row of body.rows) row.classList.remove("fresh");
      for (const row of fresh) row.classList.add("fresh");
      body.prepend(...fresh);
    }
    while (body.rows.length > Number(table.dataset.rows)) body.deleteRow(-1);
    empty.hidden = body.rows.length > 0;
    last = String(answer.last);
    if (answer.more) say("More came at once than fit here.");
    else if (fresh.length) say(`${fresh.length} new.`);
    else say("Up to date.");
  };

  const ask = async () => {
    asking = true;
    try {
      const answer = await fetch(`${table.dataset.url}?after=${last}`, {
        redirect: "manual",
        headers: { accept: "application/json" },
      });
      if (answer.type === "opaqueredirect" || answer.status === 403) {
        signedOut = true;
        say("Signed out: refresh to go on.");
        return;
      }
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      show(await answer.json());
      wait = EVERY_MS;
    } catch {
      wait = Math.min(2 * wait, AT_MOST_EVERY_MS);
      say("No answer from the proxy; trying again.");
    } finally {
      asking = false;
      plan();
    }
  };

  const plan = () => {
    clearTimeout(timer);
    if (paused || signedOut || asking || document.hidden) return;
    timer = setTimeout(ask, wait);
  };

  pause.hidden = false;
  pause.addEventListener("click", () => {
    paused = !paused;
    pause.setAttribute("aria-pressed", String(paused));
    say(paused ? "Paused." : "Up to date.");
    plan();
  });
  document.addEventListener("visibilitychange", plan);
  plan();
})();
