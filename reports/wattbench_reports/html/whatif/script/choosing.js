// The best and those tied with it, the hull, its prices and who is best at what worth, as in decision/best.py, prices.py and acceptability.py.
const tailOf = (s, mix) => (mix === usual.shares || known.tails[s] === null ? known.tails[s] : quantile(s, mix, known.tail_share));
const leastOf = (list, key) => list.reduce((best, each) => (key(each) < key(best) ? each : best));
const chancesOf = (losses, met, able) => {
	const best = ALL.map(() => 0), lost = ALL.map(() => 0), rows = ALL.map(() => 0), there = ALL.filter((s) => able[s]);
	for (let k = 0; k < K; k++) {
		const some = there.filter((s) => met[s][k]);
		if (!some.length) continue;
		const first = leastOf(some, (s) => losses[s][k]);
		best[first]++;
		for (const s of some) { lost[s] += losses[s][k] - losses[first][k]; rows[s]++; }
	}
	return { pBest: best.map((n) => n / K), regret: ALL.map((s) => (rows[s] ? lost[s] / rows[s] : null)) };
};
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
		if (!(reached > alpha)) members.delete(gone);
	}
	return names.filter((_, i) => members.has(i));
};
const keeps = ({ requirement: { quantity, bound }, estimate }) => estimate !== null && (quantity === "accuracy" ? estimate >= around(bound)[0] : estimate <= around(bound)[1]);
const likely = (able, { outcomes, pQualifies, checks }) => {
	const there = ALL.filter((s) => able[s]), certain = there.filter((s) => outcomes[s] === "yes");
	return certain.length ? certain
		: there.filter((s) => outcomes[s] === "may" && pQualifies[s] !== null && (pQualifies[s] >= limits.likely || checks[s].every(keeps)));
};
const ofChecks = (checks) => {
	const open = checks.filter(({ pMet }) => outcomeOf(pMet) === "may").map(({ items }) => items);
	return open.includes(null) ? null : max(0, ...open);
};
const tiedOf = (figure, chosen, able, checked) => {
	const { outcomes, checks } = checked, rivals = likely(able, checked), there = ALL.filter((s) => able[s] && outcomes[s] !== "no");
	const p = pairwise(figure), members = confidenceSet(there, (i, j) => (rivals.includes(j) ? p(i, j) : 1));
	const others = members.filter((s) => s !== chosen).sort((a, b) => figure.at[a] - figure.at[b]), of = covariance(figure, figure);
	const items = max(0, ...ALL.map((s) => summed(basis.items, s))), needed = others.map((s) => {
		const e = sqrt(max(of(chosen, chosen) + of(s, s) - 2 * of(chosen, s), 0));
		const pair = further(items, e, figure.at[s] - figure.at[chosen], known.pair_scores[others.length + 1]);
		if (outcomes[s] === "yes") return pair;
		const failing = checks[s].filter(({ pMet }) => pMet !== null && pMet < limits.likely).map(({ items }) => items);
		const some = failing.filter((each) => each !== null), own = ofChecks(checks[s]);
		if (failing.length) return some.length ? min(...some) : null;
		return pair === null || own === null ? null : max(pair, own);
	});
	if (others.length && outcomes[chosen] === "may") needed.push(ofChecks(checks[chosen]));
	return { best: [chosen, ...others], items: needed.length && !needed.includes(null) ? max(...needed) : null };
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
const acceptabilityOf = (costs, rights, among, chain, prices, scale) => { // costs and rights: draws
	const some = prices.filter((price) => price > 0), around = some.length ? some : [scale];
	const low = min(...around) / limits.reach, high = max(...around) * limits.reach, points = limits.curve_points;
	const worths = [0, ...range(points).map((k) => Number((low * (high / low) ** (k / (points - 1))).toPrecision(3)))];
	const counts = among.map(() => worths.map(() => 0));
	worths.forEach((worth, w) => {
		for (let k = 0; k < K; k++) {
			let best = 0, most = -Infinity;
			among.forEach((s, place) => { const net = worth * rights[s][k] - costs[s][k]; if (net > most) { most = net; best = place; } });
			counts[best][w]++;
		}
	});
	return {
		probabilities: Object.fromEntries(among.map((s, place) => [systems[s], counts[place].map((n) => n / K)])),
		leaders: chain.map((s, k) => ({ worth: k ? max(prices[k - 1], 0) : 0, system: systems[s] })),
	};
};
