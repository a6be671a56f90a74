// Sums of domains and blocks, as in metrics/mix_weighting.py; `mix` holds the share of each domain, or is null.
const factors = (s, mix, counts = basis.metered) => {
	const asked = counts.map((row) => row[s]);
	const total = sum(D, (d) => asked[d]);
	if (mix === null) return total > 0 ? asked.map(() => 1 / total) : null;
	return asked.some((n, d) => !n && mix[d] > 0) ? null : asked.map((n, d) => (n > 0 ? mix[d] / n : 0));
};
const weigh = (s, worth, parts, of) => {
	let total = 0;
	for (let d = 0; d < D; d++) {
		let own = 0;
		for (const [kind, each] of parts) own += each * of(kind, d, s);
		total += own * worth[d];
	}
	return total;
};
const whole = (kind, d, s) => totals[kind][d][s];
const JOULES = [["energy_j", 1]];
const ENERGY = { // what figures of joules and grams are counted by; those of money: moneyView
	counts: basis.metered, items: basis.metered_items, squares: basis.energy_squares, parts: JOULES, metered: "metered", right: "correct",
};
const mean = (s, parts, mix) => {
	const worth = factors(s, mix);
	return worth && weigh(s, worth, parts, whole);
};
const byBlock = (s, worth, kind) => blocks[kind].map((row) => sum(D, (d) => row[d][s] * worth[d]));
