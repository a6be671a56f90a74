// Opens the section: reads the answers, then shows what the address names, and follows its controls.
const fold = id("answers").closest("details"), form = id("answers--form");
let state = head.against ? { flipped: head.against[0], against: head.against[1] } : {};
const choose = (name, label, choices, first) => made("div", {}, made("label", { for: `answers--${name}` }, label),
	made("select", { id: `answers--${name}`, name }, made("option", { value: "" }, first), ...choices.map(([value, text]) => made("option", { value }, text))));
const same = (names) => names.map((name) => [name, name]);
const build = () => {
	const filters = FILTERS.filter(({ choices }) => choices.length > 1).map(({ name, label, choices }) => choose(name, label, same(choices), "all"));
	const pair = head.systems.length > 1 ? [choose("flipped", "Flipped between", same(head.systems), "–"), choose("against", "and", same(head.systems), "–")] : [];
	const { "": usual, ...orders } = ORDERS, search = made("input", { id: "answers--search", name: "search", type: "search", maxlength: "200" });
	form.replaceChildren(made("div", { class: "search" }, made("label", { for: "answers--search" }, "Search prompts, answers and keys"), search), ...filters, ...pair,
		choose("order", "Order", Object.entries(orders).map(([value, { label }]) => [value, label]), usual.label),
		made("div", {}, made("button", { type: "reset" }, "Show all")));
	form.hidden = false;
	for (const name of ["answers--table", "answers--pages"]) id(name).hidden = false;
};
let drawn = false;
const show = (turn = false) => {
	drawn = true;
	for (const name of NAMES) if (form.elements[name] && form.elements[name].value !== (state[name] ?? "")) form.elements[name].value = state[name] ?? "";
	const shown = shownAnswers(state);
	if (turn) turnToOpen(shown, state);
	fillTable(shown, state);
	fillItem(shown, state);
};
const opened = async () => {
	if (typeof DecompressionStream !== "function") {
		id("answers--status").textContent = "This browser cannot read the compressed answers (it lacks DecompressionStream). The commands below show them.";
		return false;
	}
	if (!form.childElementCount) {
		id("answers--status").textContent = "Reading the answers …";
		await loaded();
		if (!form.childElementCount) build();
	}
	return true;
};
const failed = (error) => { id("answers--status").textContent = `The answers of this page cannot be read (${error}). The commands below show them.`; };
const go = (next) => { // shows another state, which the address then names
	state = next;
	history.replaceState(null, "", fragmentOf(state));
	show();
};
const follow = async () => {
	const next = stateOf(location.hash);
	if (!next) return;
	if (Object.keys(next).length) [state, page] = [next, next.answer ? page : 0];
	fold.open = true;
	if (!(await opened())) return;
	show(true);
	const box = id("answers--item");
	(box.hidden ? id("answers") : box).scrollIntoView();
	box.querySelector("h3")?.focus({ preventScroll: true });
};
form.addEventListener("input", ({ target }) => {
	page = 0;
	go({ ...state, [target.name]: target.value, answer: "", left: "", right: "" });
});
form.addEventListener("reset", (event) => {
	event.preventDefault();
	page = 0;
	go({});
});
form.addEventListener("submit", (event) => event.preventDefault());
id("answers--item").addEventListener("change", ({ target }) => {
	if (!target.dataset.side) return;
	const [left, right] = [...id("answers--item").querySelectorAll("select")].map(({ value }) => value), { side } = target.dataset;
	go({ ...state, left, right });
	id("answers--item").querySelector(`[data-side="${side}"]`).focus();
});
id("answers--item").addEventListener("click", async ({ target }) => {
	if (!target.dataset.copy) return;
	try {
		await navigator.clipboard.writeText(new URL(target.dataset.copy, location.href).href);
		target.textContent = "Copied";
	} catch {
		target.textContent = "Not copied: copy the link next to this";
	}
});
for (const [name, step] of [["answers--earlier", -1], ["answers--later", 1]]) id(name).addEventListener("click", () => {
	page += step;
	show();
	id("answers--table").scrollIntoView();
});
document.addEventListener("click", ({ target }) => { // the mark of a system in a figure leads to its answers; so do the tables
	const system = head.systems[target.closest("svg [id*='-system-']")?.id.split("-system-").pop()];
	if (system !== undefined) location.hash = fragmentOf({ system });
});
fold.addEventListener("toggle", () => { if (fold.open) opened().then((ready) => ready && !drawn && show()).catch(failed); });
addEventListener("hashchange", () => follow().catch(failed));
follow().catch(failed);
