"use strict";
// Shows answers one by one, keeps what a person says of them in her browser, and saves it as CSV. All texts are data:
// they are set as text, never as markup.
(() => {
  const COLUMNS = ["task", "doc_id", "repeat", "id", "answer_sha256", "score", "person", "drawn", "labelled_utc", "seconds"];
  const MOST_BUTTONS = 11;
  const UNSURE = { key: "s", word: "", text: "cannot tell" };
  const part = (name) => document.getElementById(`labels--${name}`);
  const { run, person, rubrics, answers } = JSON.parse(part("data").textContent);
  const store = `wattbench-labels:${run}:${person}:${answers.length && answers[0].id}`;

  let labels = {}; // id to {score, labelled_utc, seconds}; the score is a word, or empty where a person cannot tell
  let position = 0;
  let shownAt = Date.now();
  let unsaved = false;
  let kept = true;

  const read = () => {
    try {
      const state = JSON.parse(localStorage.getItem(store)) || {};
      labels = state.labels || {};
      part("person").value = state.person || person;
    } catch {
      kept = false;
      part("person").value = person;
    }
  };

  const keep = () => {
    try {
      localStorage.setItem(store, JSON.stringify({ labels, person: part("person").value }));
    } catch {
      kept = false;
    }
    if (!kept) part("kept").textContent = "This browser keeps nothing: save before you close the page.";
  };

  const element = (name, text, attributes = {}) => {
    const made = document.createElement(name);
    made.textContent = text;
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };

  const choose = (choice) => {
    const seconds = Math.round((Date.now() - shownAt) / 100) / 10;
    labels[answers[position].id] = { score: choice.word, labelled_utc: new Date().toISOString(), seconds };
    unsaved = true;
    go(position + 1);
  };

  const button = (choice, said) => {
    const made = element("button", choice.text, { type: "button", "aria-pressed": String(said === choice.word) });
    if (choice.key !== choice.text) made.append(" ", element("kbd", choice.key));
    made.addEventListener("click", () => choose(choice));
    return made;
  };

  const number = (choices, said) => {
    const label = element("label", `${choices[0].text} to ${choices[choices.length - 1].text} `);
    const field = element("input", "", { type: "number", min: choices[0].word, max: choices[choices.length - 1].word });
    field.value = said || "";
    field.addEventListener("keydown", (event) => {
      const choice = choices.find((each) => each.word === field.value);
      if (event.key === "Enter" && choice) choose(choice);
    });
    label.append(field);
    return label;
  };

  const text = (shown, index, all) => {
    const side = element("div", "", { class: "side" });
    const name = all.length > 1 ? `Answer ${"AB"[index]}` : "Answer";
    side.append(element("h3", name), element("pre", shown || "(nothing)", { class: "quote", tabindex: "0", "aria-label": name }));
    return side;
  };

  const show = () => {
    const count = answers.filter((each) => each.id in labels).length;
    const end = position >= answers.length;
    part("sheet").hidden = !answers.length;
    part("done").textContent = `${count} of ${answers.length} answers have a label.${end ? " That was the last one: save the CSV." : ""}`;
    if (!answers.length) return;
    const answer = answers[Math.min(position, answers.length - 1)];
    const said = labels[answer.id] && labels[answer.id].score;
    part("title").textContent = `Answer ${Math.min(position + 1, answers.length)} of ${answers.length}: ${answer.task}`;
    part("rubric").querySelector("pre").textContent = rubrics[answer.task];
    part("item").textContent = answer.item;
    part("reference").hidden = !answer.reference;
    part("reference").querySelector("pre").textContent = answer.reference;
    part("texts").replaceChildren(...answer.texts.map(text));
    const wide = answer.choices.length > MOST_BUTTONS;
    const buttons = [...(wide ? [] : answer.choices), UNSURE].map((choice) => button(choice, said));
    const legend = part("choices").querySelector("legend");
    part("choices").replaceChildren(legend, ...(wide ? [number(answer.choices, said)] : []), ...buttons);
    part("back").disabled = position === 0;
    part("next").disabled = end;
    shownAt = Date.now();
  };

  const go = (to) => {
    position = Math.max(0, Math.min(to, answers.length));
    const focused = document.activeElement && document.activeElement.closest("#labels--choices");
    keep();
    show();
    if (focused) (part("choices").querySelector("input, button") || part("save")).focus();
  };

  const cell = (value) => {
    const plain = String(value ?? "");
    const safe = /^'*[=+\-@\t\r\n＝＋－＠]/.test(plain) ? `'${plain}` : plain;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };

  const csv = () => {
    const rows = answers.filter((each) => each.id in labels).map((each) => {
      const row = { ...each, ...labels[each.id], person: part("person").value.trim() };
      return COLUMNS.map((name) => cell(row[name])).join(",");
    });
    return `${[COLUMNS.join(","), ...rows].join("\n")}\n`;
  };

  const save = () => {
    const link = element("a", "", { download: "labels.csv" });
    link.href = URL.createObjectURL(new Blob([csv()], { type: "text/csv" }));
    link.click();
    URL.revokeObjectURL(link.href);
    unsaved = false;
  };

  part("back").addEventListener("click", () => go(position - 1));
  part("next").addEventListener("click", () => go(position + 1));
  part("save").addEventListener("click", save);
  part("person").addEventListener("input", keep);
  addEventListener("beforeunload", (event) => {
    if (unsaved && !kept) event.preventDefault();
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input")) return;
    const key = event.key.toLowerCase();
    const answer = answers[position];
    const choice = answer && [...answer.choices, UNSURE].find((each) => each.key === key);
    if (choice) choose(choice);
    else if (key === "u") go(position - 1);
    else if (key === "n") go(position + 1);
  });

  read();
  position = answers.findIndex((each) => !(each.id in labels));
  if (position < 0) position = answers.length;
  keep();
  show();
})();
