// The controls of the form, and the command that prints the same values.
const field = (name) => form.elements.namedItem(name);
const all = (query) => [...document.querySelectorAll(query)], weights = all("[data-domain]");
const number = ({ value }, empty) => (value === "" ? empty : Number(value));
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
	return set;
};
const quoted = (word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replace(/'/g, `'"'"'`)}'`);
const update = () => {
	const nothing = weights.length && !sum(D, (d) => number(weights[d], 0)) ? weights[0] : null;
	const wrong = [...form.elements].find((each) => each.dataset.error && !each.validity.valid) || nothing;
	id("what-if-error").textContent = wrong ? wrong.dataset.error : "";
	if (wrong) return;
	const set = chosen(), found = set.options.length ? restated(set) : texts;
	for (const place of all("[data-restate]")) {
		const key = place.dataset.restate;
		if (!(key in found)) continue;
		place.textContent = found[key];
		place.classList.toggle("restated", found[key] !== texts[key]);
	}
	id("what-if-command").textContent = [data.command, ...set.options.map(quoted)].join(" ");
	document.body.className = `${set.options.length ? "other" : ""} ${set.mix === usual.shares ? "" : "other-mix"}`;
};
form.addEventListener("input", update);
form.addEventListener("reset", () => setTimeout(update));
form.hidden = false;
update();
