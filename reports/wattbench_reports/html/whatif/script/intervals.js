// Intervals of joules, grams, accuracies and seconds, as in metrics/ratio_intervals.py and metrics/mix_weighting.py.
const sums = (s, worth, parts, { metered }, bottom) => { // of the blocks that have any; and whether they may well hold nothing to divide by
	const some = byBlock(s, worth, metered).map((n) => n > 0), own = (list) => list.filter((_, r) => some[r]);
	const spent = own(blocks.trials.map((_, r) => sum(D, (d) => parts.reduce((total, [kind, each]) => total + each * blocks[kind][r][d][s], 0) * worth[d])));
	const under = own(byBlock(s, worth, bottom)), none = under.filter((each) => each <= 0).length / under.length;
	return { n: under.length, values: losses(spent, under), open: none ** under.length > tail };
};
const counted = (s, mix, items = basis.metered_items) => sum(D, (d) => (mix === null || mix[d] > 0 ? items[d][s] : 0));
const rate = (s, parts, mix, view = ENERGY, perCorrect = true) => { // of each correct answer, or of each request
	const { counts, right } = view, worth = factors(s, mix, counts), RIGHT = [[right, 1]];
	if (!worth) return null;
	const J = weigh(s, worth, parts, whole), C = weigh(s, worth, RIGHT, whole), value = perCorrect ? (C > 0 ? J / C : Infinity) : J;
	if (!isFinite(value)) return null;
	const items = counted(s, mix, view.items);
	let low, high, half, drawn, linear;
	if (blocks) {
		const { n, values, open } = sums(s, worth, parts, view, perCorrect ? right : view.metered);
		half = n < 2 ? Infinity : value > 0 ? t(n - 1) * jackknifed(values) : 0;
		[low, high] = [value, open ? Infinity : value];
	} else {
		const spent = range(R).map((r) => weigh(s, worth, parts, (kind, d) => draws[kind](r, d, s)));
		const rights = perCorrect && range(R).map((r) => weigh(s, worth, RIGHT, (kind, d) => draws[kind](r, d, s)));
		drawn = perCorrect ? spent.map((j, r) => (rights[r] > 0 ? j / rights[r] : Infinity)) : spent;
		linear = spent.map((j, r) => j / J - (perCorrect ? rights[r] / C : 0));
		const sorted = Float64Array.from(drawn).sort(), end = R - 1;
		low = min(value, sorted[Math.floor(end * tail)]), high = max(value, sorted[Math.ceil(end * (1 - tail))]);
		half = items < 2 ? Infinity : t(items - 1) * deviation(linear);
	}
	if (value > 0) [low, high] = [min(low, value / exp(half)), max(high, value * exp(half))];
	const squares = sum(D, (d) => worth[d] ** 2 * view.squares[d][s]), equal = squares > 0 ? weigh(s, worth, view.parts, whole) ** 2 / squares : Infinity;
	if (sum(D, (d) => (view.items[d][s] === 1 ? worth[d] * counts[d][s] : 0)) > data.constants.lone) return { at: value, low: 0, high: Infinity, lone: true };
	const agree = (hit) => sum(D, (d) => (counts[d][s] > 0 && hit(totals[right][d][s], d) ? worth[d] / 2 : 0));
	const wrong = perCorrect ? agree((n) => n === 0) : 0, all = perCorrect ? agree((n, d) => n === counts[d][s]) : 0;
	if (perCorrect) low *= C / (C + wrong);
	const joules = parts.find(([kind]) => kind === "energy_j");
	if (joules && totals.energy_j_too_many && J > 0) low *= 1 - weigh(s, worth, [["energy_j_too_many", joules[1]]], whole) / J; // other work
	high = equal < data.constants.too_few || (perCorrect && C <= all) ? Infinity : perCorrect ? high * (C / (C - all)) : high;
	return { at: value, low, high, few: equal < data.constants.few_items, drawn, linear, worth };
};
const strata = (mix, size, each) => { // [estimate, centre, variance] of a mean
	const found = [0, 0, 0], some = range(D).filter((d) => mix[d] > 0);
	for (const d of some) each(d, size(d)).forEach((value, k) => { found[k] += (k < 2 ? mix[d] : mix[d] * mix[d]) * value; });
	return some.every(size) ? found : null;
};
const residuals = (s, mix) => { // what each block adds to an accuracy
	const worth = range(D).map((d) => (basis.trials[d][s] > 0 ? mix[d] / basis.trials[d][s] : 0));
	const [scores, counts] = ["scores", "trials"].map((kind) => byBlock(s, worth, kind)), n = counts.length;
	const total = sum(n, (r) => counts[r]), mean = total > 0 ? sum(n, (r) => scores[r]) / total : 0;
	return scores.map((each, r) => (total > 0 ? (each - counts[r] * mean) / total : 0));
};
const outer = (i, of, least) => {
	if (!of) return i;
	const e = error(of[1] ? minus(of[0], of[1]) : of[0]), half = t(of[0].length - 1) * e;
	const p = e > 0 ? 2 * below(-abs(i.at) / e, of[0].length - 1) : 0;
	return { ...i, low: max(least, min(i.low, i.at - half)), high: min(1, max(i.high, i.at + half)), p: max(i.p || 0, p) };
};
const trialsOf = (p, v) => { const e = min(sqrt(v), 0.5), q = min(max(p, e), 1 - e); return (q * (1 - q)) / v; }; // independent trials
const accuracy = (s, mix) => {
	const found = strata(mix, (d) => basis.items[d][s], (d, n) => {
		const middle = (basis.means[d][s] + 1) / (n + 2);
		const spread = basis.squares[d][s] + 1 - (n + 2) * middle * middle;
		return [basis.correct[d][s] / (basis.trials[d][s] || 1), middle, spread / (n * (n + 1) || 1)];
	});
	if (!found) return null;
	const share = min(max(found[0], 0), 1), z2 = z ** 2;
	const n = found[2] > 0 ? max(1, trialsOf(found[1], found[2])) : 1;
	const middle = (share + z2 / (2 * n)) / (1 + z2 / n);
	const half = sqrt(z2 * ((share * (1 - share)) / n + z2 / (4 * n ** 2))) / (1 + z2 / n);
	return outer({ at: share, low: max(0, min(middle - half, share)), high: min(1, max(middle + half, share)) }, blocks && [residuals(s, mix)], 0);
};
const gap = (a, b, mix) => {
	const found = strata(mix, (d) => pairs.counts[d][a][b], (d, n) => {
		const total = pairs.totals[d][a][b], middle = total / (n + 1);
		return [total / n, middle, ((pairs.squares[d][a][b] + 0.5) / (n + 1) - middle * middle) / (n + 1)];
	});
	if (!found) return null;
	const [value, centre] = found, e = sqrt(found[2]), half = z * e;
	const i = { at: value, low: max(-1, centre - half), high: min(1, centre + half), p: both(abs(centre) / e) };
	return { ...outer(i, blocks && [residuals(a, mix), residuals(b, mix)], -1), ahead: value };
};
const quantile = (s, mix, share) => {
	const all = range(D).flatMap((d) => {
		const own = [...grids[d * S + s]];
		return mix[d] > 0 ? own.map((x) => [x, mix[d] / own.length]) : [];
	}).sort((x, y) => x[0] - y[0]);
	const total = all.reduce((before, [, weight]) => before + weight, 0);
	let reached = 0;
	return all.length ? (all.find(([, weight]) => (reached += weight) >= (share - 1e-9) * total) || all[all.length - 1])[0] : null;
};
