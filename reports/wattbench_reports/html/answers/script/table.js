// The table: a page of rows at a time, each with a link that names its item. All texts are set as text.
const ROWS = 50, BADGES = ["badge", "badge-bad", "badge-warn", "badge-warn"], OPINION = head.judged.indexOf("judge's opinion");
function made(tag, attributes, ...inside) {
	const element = document.createElement(tag);
	for (const [key, value] of Object.entries(attributes)) if (value !== null) element.setAttribute(key, value);
	element.append(...inside);
	return element;
}
const short = (text, most = 120) => {
	const line = text.slice(0, 4 * most).replace(/\s+/g, " ").trim(), kept = [...line].slice(0, most).join("");
	return kept.length < line.length || text.length > 4 * most ? `${kept}…` : kept;
};
const compared = ({ filtered, output, failure }) => cut(filtered) ?? cut(output) ?? (failure ? `failed: ${cut(failure)}` : "");
const markOf = (system) => {
	const [mark, use] = ["svg", "use"].map((tag) => document.createElementNS("http://www.w3.org/2000/svg", tag)), [colour, shape] = head.marks[system];
	const attributes = { class: "mark", viewBox: "-0.65 -0.65 1.3 1.3", fill: `var(--${colour})`, "aria-hidden": "true", focusable: "false" };
	for (const [key, value] of Object.entries(attributes)) mark.setAttribute(key, value);
	use.setAttribute("href", `#mark-${shape}`);
	mark.append(use);
	return mark;
};
const named = (system) => made("span", { class: "system" }, markOf(system), made("bdi", {}, head.systems[system]));
const badge = ({ outcome, judged }) => made("span", { class: BADGES[outcome] }, outcome < 2 && judged === OPINION && judged >= 0 ? `${head.outcomes[outcome]}: judge's opinion` : head.outcomes[outcome]);
const titleOf = ({ task, document }) => `${head.tasks[task]}, document ${document}`;
const linkTo = (answer, state) => fragmentOf({ ...state, answer: answer.item.name, left: head.systems[answer.system], right: "" });
const share = (value) => (value === null ? "" : `${+(100 * value).toFixed(1)}%`);
const opinionsOf = ({ verdict, said }) => (head.judged.length ? [verdict, said].map((value) => made("td", { class: "number" }, share(value))) : []);
const rowOf = (answer, state, open) => {
	const { item, system, latency, energy, tokens, repeat } = answer, cell = (...inside) => made("td", {}, ...inside);
	const title = `${titleOf(item)}${repeat ? `, repeat ${repeat}` : ""}`;
	const link = made("a", { href: linkTo(answer, state), "aria-current": open ? "true" : null }, made("bdi", {}, title));
	return made("tr", { class: open ? "open" : null }, made("th", { scope: "row" }, link), cell(named(system)), cell(made("bdi", {}, short(compared(answer)))),
		cell(made("bdi", {}, short(cut(item.key) ?? "", 60))), cell(badge(answer)), ...opinionsOf(answer), ...[latency, energy, tokens ?? ""].map((text) => made("td", { class: "number" }, String(text))));
};
let page = 0;
const isOpen = ({ item, system }, state) => item.name === state.answer && (!state.left || head.systems[system] === state.left);
const turnToOpen = (shown, state) => { // to the page that has the row of the open item
	const at = shown.findIndex((answer) => isOpen(answer, state));
	if (at >= 0) page = Math.floor(at / ROWS);
};
const fillTable = (shown, state) => {
	const pages = Math.max(1, Math.ceil(shown.length / ROWS));
	page = Math.min(page, pages - 1);
	const rows = shown.slice(page * ROWS, (page + 1) * ROWS);
	id("answers--rows").replaceChildren(...rows.map((answer) => rowOf(answer, state, isOpen(answer, state))));
	const right = shown.filter(({ outcome }) => outcome === 0).length, counted = (n) => n.toLocaleString("en-US");
	id("answers--status").textContent = shown.length
		? `${counted(shown.length)} of ${counted(answers.length)} answers, ${counted(right)} of them right${head.judged.length ? " (by labels, else by the judge's opinion)" : ""}. Rows ${counted(page * ROWS + 1)} to ${counted(page * ROWS + rows.length)}.`
		: `None of ${counted(answers.length)} answers.`;
	id("answers--earlier").disabled = page === 0;
	id("answers--later").disabled = page >= pages - 1;
};
