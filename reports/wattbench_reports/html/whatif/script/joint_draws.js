// What all figures of all systems may truly be, together, as in decision/joint_draws.py, run_figures.py and varying_figure.py.
// A figure holds lists by system: its estimates, centres, parts (what each block or draw adds), noise (of each draw), scale,
// and sessions (what each earlier session adds; null where another run is not known).
const each = (make) => range(S).map(make), draw = {};
if (data.decision) {
	for (const [kind, text] of Object.entries(data.decision.draws)) draw[kind] = text && new Float32Array(bytes(text));
	draw.count = draw.normals.length;
}
const K = draw.count;
const rolled = (values, by) => (k) => values[(k + by) % K];
const noiseOf = (d, s) => rolled(draw.normals, 1 + d * S + s), uniformOf = (s) => rolled(draw.uniforms, 1 + D * S + s);
const weighed = (weights, parts) => parts.map((own) => {
	const total = new Float64Array(K), n = own.length;
	for (let r = 0; r < n; r++) for (let k = 0; k < K; k++) total[k] += weights[k * n + r] * own[r];
	return total;
});
const drawsOf = ({ centres, parts, noise, sessions }) => {
	const spreads = draw.weights ? weighed(draw.weights, parts) : parts, moved = sessions && weighed(draw.session_weights, sessions);
	return spreads.map((spread, s) => spread.map((x, k) => centres[s] + x + (noise ? noise[s][k] : 0) + (moved ? moved[s][k] : 0)));
};
const covariance = (one, other) => { // of one figure of system i with another of system j
	const n = one.parts[0].length, deviations = ({ parts }) => draw.weights ? parts : parts.map((own) => {
		const mean = own.reduce((total, x) => total + x, 0) / n;
		return own.map((x) => x - mean);
	});
	const [a, b] = [deviations(one), deviations(other)], factor = draw.weights ? n / (n - 1) : 1 / max(n - 1, 1);
	return (i, j) => {
		let total = 0;
		for (let r = 0; r < n; r++) total += a[i][r] * b[j][r];
		return factor * total + (i === j ? one.scale[i] * other.scale[i] : 0);
	};
};
const between = ({ sessions }) => (i, j) => (sessions ? sum(sessions[i].length, (n) => sessions[i][n] * sessions[j][n]) / (sessions[i].length - 1) : 0);
const ofAnotherRun = (figure) => { // covariances with those between sessions
	const within = covariance(figure, figure), more = between(figure);
	return (i, j) => within(i, j) + more(i, j);
};
const times = (figure, by) => ({
	at: figure.at.map((x) => x * by), centres: figure.centres.map((x) => x * by), parts: figure.parts.map((own) => own.map((x) => x * by)),
	noise: figure.noise && figure.noise.map((own) => own.map((x) => x * by)), scale: figure.scale.map((x) => x * by),
	sessions: figure.sessions && figure.sessions.map((own) => own.map((x) => x * by)),
});
const plus = (one, other) => ({
	at: one.at.map((x, s) => x + other.at[s]), centres: one.centres.map((x, s) => x + other.centres[s]),
	parts: one.parts.map((own, s) => own.map((x, k) => x + other.parts[s][k])),
	noise: one.noise || other.noise, scale: (other.noise ? other : one).scale, sessions: one.sessions || other.sessions,
});
const plusConstant = (figure, by) => ({ ...figure, at: figure.at.map((x) => x + by), centres: figure.centres.map((x) => x + by) });

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
const accuracyFigure = (mix) => {
	const part = partsOf(basis.items, mix), at = each((s) => kindMean((d) => basis.correct[d][s], basis.trials, s, mix));
	const noise = each(() => new Float64Array(K)), centres = each(() => 0), variance = each(() => 0);
	for (let d = 0; d < D; d++) for (let s = 0; s < S; s++) {
		const scale = part[d][s] * sqrt(addedVariance(d, s)), normal = noiseOf(d, s), n = basis.items[d][s];
		for (let k = 0; k < K; k++) noise[s][k] += scale * normal(k);
		centres[s] += part[d][s] * ((basis.means[d][s] + part[d][s]) / max(n + 2 * part[d][s], 1e-9));
		variance[s] += scale ** 2;
	}
	const weight = partsOf(basis.trials, mix), kind = draws.scores ? "scores" : "correct";
	const parts = blocks ? linearised(blocks.scores, blocks.trials, mix) : each((s) => Float64Array.from(range(K), (k) =>
		sum(D, (d) => (draws[kind](k, d, s) - totals[kind][d][s]) * (basis.trials[d][s] > 0 ? weight[d][s] / basis.trials[d][s] : 0))));
	return { at, centres: centres.map((x, s) => (isFinite(at[s]) ? x : NaN)), parts, noise, scale: variance.map(sqrt), sessions: null };
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
	} else parts = each((s) => Float64Array.from(range(K), (k) => total(s, (kind, d) => draws[kind](k, d, s)) - at[s]));
	const { moves } = data.decision.sessions || { moves: {} }, moving = costs.filter(([kind]) => moves[kind]);
	const sessions = moving.length ? each((s) => Float64Array.from(moves[moving[0][0]], (_, j) => moving.reduce((total, [kind, own]) =>
		total + (own[s] === 0 ? 0 : own[s] * kindMean((d) => totals[kind][d][s], count(kind), s, mix)) * moves[kind][j][s], 0))) : null;
	return { at, centres: at, parts, noise: null, scale: each(() => 0), sessions };
};
