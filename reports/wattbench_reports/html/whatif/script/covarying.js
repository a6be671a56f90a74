// How figures vary together, as in decision/covarying.py, run_figures.py and varying_figure.py.
// A figure holds lists by system: its estimates, parts (what each block or draw of the items adds), scale (what added answers
// add), and sessions (what each earlier session adds; null where another run is not known).
const each = (make) => range(S).map(make);
const covariance = (one, other) => { // of one figure of system i with another of system j
	const n = one.parts[0].length, deviations = ({ parts }) => blocks ? parts : parts.map((own) => {
		const mean = own.reduce((total, x) => total + x, 0) / n;
		return own.map((x) => x - mean);
	});
	const [a, b] = [deviations(one), deviations(other)], factor = blocks ? n / (n - 1) : 1 / max(n - 1, 1);
	return (i, j) => {
		let total = 0;
		for (let r = 0; r < n; r++) total += a[i][r] * b[j][r];
		return factor * total + (i === j ? one.scale[i] * other.scale[i] : 0);
	};
};
const betweenSessions = ({ sessions }, s) => (sessions ? sum(sessions[s].length, (n) => sessions[s][n] ** 2) / (sessions[s].length - 1) : 0);
const times = (figure, by) => { // by one number, or by one of each system
	const of = (s) => (Array.isArray(by) ? by[s] : by), scaled = (lists) => lists && lists.map((own, s) => own.map((x) => x * of(s)));
	return { at: figure.at.map((x, s) => x * of(s)), parts: scaled(figure.parts), scale: figure.scale.map((x, s) => x * abs(of(s))), sessions: scaled(figure.sessions) };
};
const plus = (one, other) => ({
	at: one.at.map((x, s) => x + other.at[s]), parts: one.parts.map((own, s) => own.map((x, k) => x + other.parts[s][k])),
	scale: one.scale.map((x, s) => x + other.scale[s]), sessions: one.sessions || other.sessions,
});
const plusConstant = (figure, by) => ({ ...figure, at: figure.at.map((x) => x + by) });

// Of sums
const partsOf = (counts, mix) => { // the part of each domain in a mean
	if (mix) return counts.map((_, d) => each(() => mix[d]));
	const total = each((s) => sum(D, (d) => counts[d][s]));
	return counts.map((row) => each((s) => (total[s] > 0 ? row[s] / total[s] : 0)));
};
const kindMean = (of, count, s, mix) => mix
	? sum(D, (d) => (mix[d] > 0 ? (count[d][s] > 0 ? mix[d] * (of(d) / count[d][s]) : NaN) : 0))
	: sum(D, (d) => count[d][s]) > 0 ? sum(D, of) / sum(D, (d) => count[d][s]) : NaN;
const linearised = (sums, counts, mix) => each((s) => {
	const all = mix ? range(D) : [0], of = (list, r, d) => (mix ? list[r][d][s] : sum(D, (d) => list[r][d][s]));
	const total = new Float64Array(sums.length);
	for (const d of all) {
		const count = sum(sums.length, (r) => of(counts, r, d)), share = mix ? mix[d] : 1;
		if (!(share > 0) || !(count > 0)) continue;
		const mean = sum(sums.length, (r) => of(sums, r, d)) / count;
		for (let r = 0; r < sums.length; r++) total[r] += (share * (of(sums, r, d) - mean * of(counts, r, d))) / count;
	}
	return total;
});
const addedVariance = (d, s) => { // that a right and a wrong answer add to the accuracy in a domain
	const n = basis.items[d][s], mean = basis.means[d][s], square = basis.squares[d][s], middle = (mean + 1) / (n + 2), spread = square - (mean * mean) / n;
	if (!n) return 0;
	return max((square + 1 - (n + 2) * middle * middle) / max(n * (n + 1), 1) - (n > 1 ? spread / (n * (n - 1)) : 0), 0);
};
const accuracyParts = (mix) => {
	const weight = partsOf(basis.trials, mix), kind = draws.scores ? "scores" : "correct";
	return blocks ? linearised(blocks.scores, blocks.trials, mix) : each((s) => Float64Array.from(range(R), (k) =>
		sum(D, (d) => (draws[kind](k, d, s) - totals[kind][d][s]) * (basis.trials[d][s] > 0 ? weight[d][s] / basis.trials[d][s] : 0))));
};
const accuracyFigure = (mix) => {
	const part = partsOf(basis.items, mix), at = each((s) => kindMean((d) => basis.correct[d][s], basis.trials, s, mix));
	const scale = each((s) => sqrt(sum(D, (d) => part[d][s] ** 2 * addedVariance(d, s))));
	return { at, parts: accuracyParts(mix), scale, sessions: null };
};
const accuracyTrials = (mix) => { // what bounds of the accuracies are made of
	const part = partsOf(basis.items, mix), at = each((s) => kindMean((d) => basis.correct[d][s], basis.trials, s, mix));
	const worth = (counts, s) => { const all = sum(D, (d) => (counts[d][s] > 0 ? part[d][s] ** 2 / counts[d][s] : 0)); return all > 0 ? 1 / all : 1; };
	const parts = blocks && accuracyParts(mix), variances = each((s) => blocks
		? (parts[s].length / (parts[s].length - 1)) * sum(parts[s].length, (r) => parts[s][r] ** 2)
		: sum(D, (d) => {
			const n = max(basis.items[d][s], 1);
			return (part[d][s] ** 2 * max(basis.squares[d][s] - basis.means[d][s] ** 2 / n, 0)) / n ** 2;
		}));
	return { at, variances, most: each((s) => worth(at[s] <= 0 || at[s] >= 1 ? basis.items : basis.trials, s)) };
};
const costFigure = (costs, mix) => { // costs: a list of [kind, coefficient of each system]
	const counted = data.decision.counted, count = (kind) => (counted[kind] === "metered" ? basis.metered : totals[counted[kind]]);
	const total = (s, of) => costs.reduce((sum, [kind, own]) => sum + (own[s] === 0 ? 0 : own[s] * kindMean((d) => of(kind, d), count(kind), s, mix)), 0);
	const at = each((s) => total(s, (kind, d) => totals[kind][d][s]));
	let parts;
	if (blocks) {
		const all = costs.map(([kind, own]) => [own, linearised(blocks[kind], blocks[counted[kind]], mix)]);
		parts = each((s) => blocks.trials.reduce((list, _, r) => {
			list[r] = all.reduce((sum, [own, of]) => sum + (own[s] === 0 ? 0 : own[s] * of[s][r]), 0);
			return list;
		}, new Float64Array(blocks.trials.length)));
	} else parts = each((s) => Float64Array.from(range(R), (k) => total(s, (kind, d) => draws[kind](k, d, s)) - at[s]));
	const { moves } = data.decision.sessions || { moves: {} }, moving = costs.filter(([kind]) => moves[kind]);
	const sessions = moving.length ? each((s) => Float64Array.from(moves[moving[0][0]], (_, j) => moving.reduce((total, [kind, own]) =>
		total + (own[s] === 0 ? 0 : own[s] * kindMean((d) => totals[kind][d][s], count(kind), s, mix)) * moves[kind][j][s], 0))) : null;
	return { at, parts, scale: each(() => 0), sessions };
};
