// What a request costs in each unit, and in which unit costs are compared, as in metrics/costs.py and decision/cost_basis.py.
const known = data.decision || {}, ALL = range(S);
const summed = (list, s) => sum(D, (d) => list[d][s]);
const costsIn = ({ g, hourly, pue, embodied, price, factors = {} }) => {
	const coefficients = (missing, value) => ALL.map((s) => (missing[s] ? NaN : value));
	const joules = ALL.map((s) => (summed(basis.metered, s) ? "" : known.no_joules));
	const costs = { joules: { unit: "joules", label: "J", parts: [["energy_j", coefficients(joules, 1)]], missing: joules } };
	if (hourly || g !== null) {
		const missing = joules.map((why, s) => why || (hourly && known.no_hours[s]) || (embodied !== null && known.no_seconds[s]) || "");
		const parts = [hourly ? [WEIGHED, pue / KWH] : ["energy_j", (g * pue) / KWH], ...(embodied === null ? [] : [[TIME, embodied / 3600]])];
		costs.grams = { unit: "grams", label: "g", parts: parts.map(([kind, each]) => [kind, coefficients(missing, each)]), missing };
	}
	const money = known.money && known.money[price === null ? "without" : "with"];
	if (money) {
		const { currency, missing, pays } = money, joule = pue / KWH;
		const paid = ["energy_j", ALL.map((s) => (missing[s] ? NaN : (pays[s] ? price || 0 : 0) * joule))];
		const parts = totals.money ? [["money", ALL.map((s) => (missing[s] ? NaN : factors[systems[s]] ?? 1))], paid] : [paid];
		costs.money = { unit: "money", label: currency, parts, missing };
	}
	if (known.seconds) costs.seconds = { unit: "seconds", label: "s", parts: [["latency_s", coefficients(known.seconds.missing, 1)]], missing: known.seconds.missing };
	for (const unit in costs) if (costs[unit].missing.every(Boolean)) delete costs[unit];
	return costs;
};
const moneyView = (parts) => { // what figures of money are counted by, as in metrics/money/money_sums.py
	const of = Object.fromEntries(parts), own = of.money || 0, joule = of.energy_j, sums = known.money_sums;
	const squares = range(D).map((d) => ALL.map((s) => sums
		? own * own * sums.squares[d][s] + 2 * own * joule * sums.products[d][s] + joule * joule * sums.energy_squares[d][s]
		: joule * joule * basis.energy_squares[d][s]));
	return sums ? { counts: totals.priced, items: sums.items, squares, parts, metered: "priced", right: "priced_correct" } : { ...ENERGY, squares, parts };
};
const secondsView = (parts) => ({ counts: totals.timed, items: known.seconds.items, squares: known.seconds.squares, parts, metered: "timed", right: "timed_correct" });
const viewOf = (unit, parts) => (unit === "money" ? moneyView(parts) : unit === "seconds" ? secondsView(parts) : ENERGY);
const invalidOf = ({ parts }, s) => {
	const energy = parts.find(([kind]) => kind === "energy_j");
	return energy && energy[1][s] > 0 && !known.valid[s] ? known.not_valid : "";
};
const withWorth = (costs, { grams }, { carbon, second }) => {
	const parts = new Map(costs.parts), missing = [...costs.missing];
	const clause = (reason) => fillIn(known.reasons.needs_grams, { reason: reason === known.no_joules ? known.reasons.has_no_joules : reason });
	if (carbon) {
		ALL.forEach((s) => { missing[s] = missing[s] || ((why) => why && clause(why))(grams ? grams.missing[s] : known.why_no.grams); });
		for (const [kind, own] of grams ? grams.parts : []) {
			const added = own.map((each) => (each * carbon) / 1000000);
			parts.set(kind, parts.has(kind) ? parts.get(kind).map((each, s) => each + added[s]) : added);
		}
	}
	if (second) {
		ALL.forEach((s) => { missing[s] = missing[s] || (summed(totals.timed, s) ? "" : known.reasons.second); });
		parts.set("latency_s", ALL.map(() => second));
	}
	return { ...costs, parts: [...parts], missing };
};
const basisOfUnit = (all, unit, worth) => { // the candidates whose costs are compared, and why the others' are not
	let costs = all[unit], compared = known.candidates, reasons = {};
	if (!costs) return { costs: null, compared: [], reasons: Object.fromEntries(compared.map((s) => [s, known.why_no[unit]])) };
	if (unit === "money" && worth) costs = withWorth(costs, all, worth);
	for (const s of compared) {
		const why = costs.missing[s] || invalidOf(costs, s);
		if (why) reasons[s] = why;
	}
	compared = compared.filter((s) => !(s in reasons));
	if (unit !== "money" && compared.length) {
		const numbers = unit === "seconds" ? known.latency_sides : known.sides;
		const sides = grouped(compared, (s) => numbers[s], (s) => s).map(([, members]) => members);
		const main = sides.reduce((most, own) => (own.length > most.length ? own : most));
		for (const s of compared) if (!main.includes(s)) reasons[s] = unit === "seconds" ? known.reasons.other_seconds : known.apart_by[main[0]][s];
		compared = main;
	}
	return { costs, compared, reasons };
};
const costBasis = (all, { requirements, worth, minimise }) => {
	const count = known.candidates.length, enough = ({ compared }) => compared.length >= min(2, count) && count > 0;
	const wanted = worth && (ofAnswers(worth) || minimise === null) ? "money" : minimise;
	if (wanted !== null) {
		const chosen = basisOfUnit(all, wanted, worth);
		if (enough(chosen)) return chosen;
		const why = [...new Set(Object.values(chosen.reasons))], because = why.length === 1 ? `: ${why[0]}` : "";
		return { costs: null, whyNone: fillIn(known.reasons.too_few, { unit: wanted }) + because };
	}
	const units = {};
	for (const unit of ["joules", "grams", "money", "seconds"]) if (all[unit]) units[unit] = basisOfUnit(all, unit, null);
	const { money } = units, bounded = requirements.some(({ quantity }) => quantity === "cost");
	if (money && enough(money) && (bounded || (money.compared.length === count && totals.money))) return money;
	for (const unit of ["joules", "money", "grams", "seconds"]) if (units[unit] && enough(units[unit])) return units[unit];
	return { costs: null, whyNone: known.reasons.no_two };
};
const ofAnswers = ({ right, wrong }) => right > 0 || wrong > 0;
