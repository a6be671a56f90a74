// The best and those tied with it, the two to choose between, the hull and its prices, as in decision/best.py, between.py, prices.py and frontier.py.
const tailOf = (s, mix) => (mix === usual.shares || known.tails[s] === null ? known.tails[s] : quantile(s, mix, known.tail_share));
const leastOf = (list, key) => list.reduce((best, each) => (key(each) < key(best) ? each : best));
const pairwise = (figure) => { // the one-sided p-value of "i has no larger loss than j"; null where it is not known
	const of = covariance(figure, figure), own = ALL.map((s) => of(s, s)), df = min(known.df, student.length - 1);
	return (i, j) => {
		const worse = figure.at[i] - figure.at[j], e = sqrt(max(own[i] + own[j] - 2 * of(i, j), 0));
		if (Number.isNaN(worse) || Number.isNaN(e)) return null;
		return e > 1e-12 * abs(worse) ? below(-worse / e, df) : worse > 0 ? 0.5 ** min(figure.parts[0].length, 1000) : 1;
	};
};
const confidenceSet = (names, p) => { // Bonferroni-t elimination, as in stats/many_comparisons/elimination.py
	const found = names.map((i) => names.map((j) => (i === j ? null : p(i, j))));
	const left = range(names.length).filter((i) => names.length === 1 || found[i].some((each) => each !== null)), members = new Set(left);
	for (let reached = 0; left.length > 1; ) {
		const least = left.map((i) => min(...left.map((j) => found[i][j] ?? 1))), worst = least.indexOf(min(...least));
		reached = max(reached, min(1, left.length * (left.length - 1) * least[worst]));
		const [gone] = left.splice(worst, 1);
		if (!(reached > known.alpha)) members.delete(gone);
	}
	return names.filter((_, i) => members.has(i));
};
const differences = (figure) => { const of = covariance(figure, figure); return (i, j) => max(of(i, i) + of(j, j) - 2 * of(i, j), 0); };
const tiedOf = (figure, chosen, among, items) => {
	const p = pairwise(figure), members = confidenceSet(among, p), variance = differences(figure);
	const others = members.filter((s) => s !== chosen).sort((a, b) => figure.at[a] - figure.at[b]), score = known.pair_scores[others.length + 1];
	const needed = others.map((s) => further(items, sqrt(variance(chosen, s)), figure.at[s] - figure.at[chosen], score));
	return { best: [chosen, ...others], items: !needed.length || needed.includes(null) ? null : max(...needed) };
};
const perRightAnswer = (cost, right) => {
	const answered = right.at.map((x) => (x > 0 ? x : NaN)), ratio = cost.at.map((x, s) => x / answered[s]);
	const made = plus(times(cost, answered.map((x) => 1 / x)), times(right, ratio.map((x, s) => -x / answered[s])));
	return { ...made, at: ratio, sessions: null };
};
const byName = (a, b) => (systems[a] < systems[b] ? -1 : 1);
const endsOf = (cost, right, able) => { // decision/between.py
	const usable = able.filter((s) => right.at[s] > 0), of = (s) => cost.at[s] / right.at[s];
	if (!usable.length) return null;
	const [dearer] = [...usable].sort((a, b) => right.at[b] - right.at[a] || cost.at[a] - cost.at[b] || byName(a, b));
	const [cheaper] = [...usable].sort((a, b) => of(a) - of(b) || right.at[b] - right.at[a] || byName(a, b));
	return { cheaper: of(dearer) <= of(cheaper) * (1 + limits.rounding) ? dearer : cheaper, dearer };
};
const tiedWith = (best, cost, right, able) => {
	const usable = able.filter((s) => right.at[s] > 0), level = known.alpha / max(1, usable.length - 1);
	const lessRight = pairwise(times(right, -1)), dearer = pairwise(perRightAnswer(cost, right));
	const others = usable.filter((s) => s !== best && min(lessRight(s, best), dearer(s, best)) > level);
	return { best: [best, ...others.sort((a, b) => right.at[b] - right.at[a])], items: null };
};
const frontOf = (cost, right, priced) => { // who cannot be excluded, as in stats/many_comparisons/pareto.py
	const costs = pairwise(cost), rights = pairwise(times(right, -1)), out = {};
	const alone = priced.map((i) => {
		const own = priced.filter((j) => j !== i).map((j) => [costs(i, j), rights(i, j)]).filter((pair) => !pair.includes(null)).map((pair) => max(...pair));
		return own.length ? min(1, own.length * min(...own)) : null;
	});
	let highest = 0;
	const family = range(priced.length).filter((k) => alone[k] !== null).sort((a, b) => alone[a] - alone[b] || a - b);
	family.forEach((k, rank) => { highest = max(highest, alone[k] * (family.length - rank)); out[priced[k]] = min(1, highest) > alpha; });
	for (const s of priced) out[s] ??= true;
	return out;
};
const fieller = (top, bottom, topVariance, bottomVariance, both, q) => {
	const ratio = top / bottom, a = bottom * bottom - q * q * bottomVariance, b = top * bottom - q * q * both, c = top * top - q * q * topVariance;
	const root = sqrt(max(b * b - a * c, 0)), ray = () => (a === 0 ? (b > 0 ? c / (2 * b) : 0) : max((b - root) / a, (b + root) / a));
	let [low, high] = [0, Infinity];
	if (a > 0) [low, high] = [(b - root) / a, (b + root) / a];
	else if (!(c <= 0 || b * b - a * c <= 0)) low = top > 0 ? ray() : 0;
	return { at: ratio, low: ratio > 0 ? max(0, min(low, ratio)) : min(low, ratio), high: max(high, ratio) };
};
const hullOf = (costs, accuracies, usable, useless) => {
	if (!usable.length) return [];
	const least = min(...usable.map((s) => costs[s])), price = (a, b) => (costs[b] - costs[a]) / (accuracies[b] - accuracies[a]), chain = [];
	const sorted = [...usable, ...useless.filter((s) => costs[s] < least)].sort((a, b) => costs[a] - costs[b] || accuracies[b] - accuracies[a] || a - b);
	for (const s of sorted) {
		const last = () => chain[chain.length - 1];
		if (chain.length && accuracies[s] <= accuracies[last()]) continue;
		while (chain.length > 1 && price(chain[chain.length - 2], last()) >= price(last(), s)) chain.pop();
		chain.push(s);
	}
	const first = chain.findIndex((s) => !useless.includes(s));
	if (first < 0) return hullOf(costs, accuracies, usable, []);
	return [...chain.slice(0, min(first, 1)), ...chain.slice(first)];
};
const stepsOf = (cost, right, chain) => {
	const [costs, rights, both] = [covariance(cost, cost), covariance(right, right), covariance(cost, right)];
	return chain.slice(1).map((dearer, k) => {
		const cheaper = chain[k], of = (own) => -(-own(cheaper, cheaper) + own(dearer, cheaper)) + (-own(cheaper, dearer) + own(dearer, dearer));
		const gain = right.at[dearer] - right.at[cheaper], variance = of(rights);
		const price = fieller(cost.at[dearer] - cost.at[cheaper], gain, of(costs), variance, of(both), known.quantile);
		return { cheaper, dearer, price };
	});
};
