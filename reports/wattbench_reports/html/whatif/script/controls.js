// The controls of the form, and the command that prints the same values.
const field = (name) => form.elements.namedItem(name);
const weights = all("[data-domain]");
const number = ({ value }, empty) => (value === "" ? empty : Number(value));
const shareOf = (text) => (text.trim() === "" ? 0 : text.includes("%") ? parseFloat(text) / 100 : Number(text)); // 80% or 0.8
const secondsOf = (text) => (text.trim() === "" ? null : parseFloat(text) / (/ms\s*$/.test(text) ? 1000 : 1)); // 300ms or 0.3s
const outside = ({ name, value }) => (name === "risk" ? !(shareOf(value) > 0 && shareOf(value) < 0.5) : name === "max-p95" && secondsOf(value) === 0);
const chosen = () => {
	const options = [], grid = field("grid").value, region = carbon.grids[grid] ?? null;
	const option = (name, value, usual, word = value) => {
		if (value !== usual) options.push(`--${name}`, String(word));
		return value;
	};
	const typed = region !== null ? null : number(field("intensity"), null);
	const set = { g: carbon.g_per_kwh, hourly: carbon.hourly && region === null && typed === null, mix: usual.shares, options };
	if (region !== null) set.g = option("region", region, null, grid);
	if (typed !== null) set.g = option("intensity", typed, null);
	set.pue = option("pue", number(field("pue"), carbon.pue), carbon.pue);
	const made = field("embodied").checked ? carbon.offered_g_per_hour : null;
	set.embodied = option("embodied", made, carbon.embodied_g_per_hour, made === null ? "none" : carbon.offered_option);
	for (const name of ["price", "requests"]) set[name] = option(name, number(field(name), usual[name]), usual[name]);
	if (weights.some((each) => each.value !== each.defaultValue)) {
		const parts = weights.map((each) => number(each, 0)), total = sum(D, (d) => parts[d]);
		set.mix = parts.map((part) => part / total);
		options.push("--mix", domains.map((name, d) => `${name}=${parts[d]}`).join(","));
	}
	return { ...set, requirements: required(options), worth: worths(options), minimise: minimised(options), risk: risked(options), factors: multiplied(options) };
};
const required = (options) => { // what is required, with options for what was changed
	const before = known.settings.requirements, levels = all("[data-accuracy]"), changed = (each) => each.value !== each.defaultValue;
	const named = levels.filter(({ value }) => shareOf(value) > 0);
	const list = levels.some(changed)
		? named.map(({ value, dataset }) => ({ quantity: "accuracy", bound: shareOf(value), domain: dataset.accuracy || null }))
		: before.filter(({ quantity }) => quantity === "accuracy");
	if (levels.some(changed)) {
		const texts = named.map(({ value, dataset }) => `${dataset.accuracy && `${dataset.accuracy}=`}${value.replace(/\s/g, "")}`);
		options.push("--min-accuracy", texts.join(",") || "none");
	}
	for (const [quantity, name] of [["p95", "max-p95"], ["cost", "max-cost"], ["joules", "max-joules"], ["grams", "max-grams"], ["memory", "max-memory"]]) {
		const input = field(name), old = before.find((each) => each.quantity === quantity);
		if (!input || !changed(input)) { if (old) list.push(old); continue; }
		const bound = quantity === "p95" ? secondsOf(input.value) : number(input, null);
		options.push(`--${name}`, bound === null ? "none" : quantity === "p95" ? `${bound}s` : String(bound));
		if (bound !== null) list.push({ quantity, bound, domain: null });
	}
	return list;
};
const worths = (options) => {
	const worth = { right: 0, wrong: 0, carbon: 0, second: 0, ...known.settings.worth };
	for (const [name, key] of [["worth-right", "right"], ["cost-wrong", "wrong"], ["carbon-price", "carbon"]]) {
		const input = field(name);
		if (input.value === input.defaultValue) continue;
		worth[key] = number(input, 0);
		options.push(`--${name}`, String(worth[key]));
	}
	return Object.values(worth).some(Boolean) ? worth : null;
};
const minimised = (options) => {
	const { value } = field("minimise"), before = known.settings.minimise;
	if (value && value !== before) options.push("--minimise", value);
	return value || before;
};
const risked = (options) => {
	const { value, defaultValue } = field("risk");
	if (value !== defaultValue) options.push("--risk", value.replace(/\s/g, ""));
	return value === defaultValue ? known.settings.risk : shareOf(value);
};
const multiplied = (options) => { // system to what its prices are multiplied by
	const changed = all("[data-price]").filter(({ value, defaultValue }) => value !== defaultValue);
	return Object.fromEntries(changed.map((each) => {
		const name = each.dataset.price, factor = number(each, 100) / 100;
		options.push("--system-price", `${name}:${Object.entries(known.prices[name]).map(([key, value]) => `${key}=${value * factor}`).join(",")}`);
		return [name, factor];
	}));
};
const quoted = (word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replace(/'/g, `'"'"'`)}'`);
const entered = () => [...form.elements].map(({ id, type, checked, value }) => (id === "requests-per-hour" ? "" : type === "checkbox" ? checked : value)).join("\n");
let stated = null; // what was entered when all was last stated
const update = () => {
	const nothing = weights.length && !sum(D, (d) => number(weights[d], 0)) ? weights[0] : null;
	const wrong = [...form.elements].find((each) => each.dataset.error && (!each.validity.valid || outside(each))) || nothing;
	for (const each of all(".what-if-error")) each.textContent = wrong ? wrong.dataset.error : "";
	if (wrong) return;
	stateAtRate();
	if (stated === entered()) return; // a reset, whose event comes after the values have changed, or a rate
	stated = entered();
	const set = chosen(), { found, ...shown } = set.options.length ? restated(set) : { found: texts };
	for (const place of all("[data-restate]")) {
		const key = place.dataset.restate;
		if (!(key in found) || place.closest("table.decision")) continue;
		place.textContent = found[key];
		place.classList.toggle("restated", found[key] !== texts[key]);
	}
	redraw(shown.d ? shown : null, found);
	id("verdict").querySelector(".headline").classList.toggle("long", found.advice.length > 180);
	for (const each of all(".the-command")) each.textContent = [data.command, ...set.options.map(quoted)].join(" ");
	document.body.className = `${set.options.length ? "other" : ""} ${set.mix === usual.shares ? "" : "other-mix"}`;
};
form.addEventListener("input", update);
for (const each of form.elements) if (!form.contains(each)) each.addEventListener("input", update);
form.addEventListener("reset", () => setTimeout(update));
for (const each of [form, ...all(resident ? ".requirements, .at-rate" : ".requirements")]) each.hidden = false;
update();
