// Ties, as in comparison/ties.py and stats/many_comparisons/elimination.py.
const called = (names) => names.map((s) => verdict.called[s]), name = (s) => verdict.called[s];
const either = (names) => names.length > most
	? fill("any_of", { name: name(names[0]), count: names.length - 1 }) : listed(called(names), "or");
const first = (names) => {
	const all = called(names), count = all.length - most + 1;
	return listed(count < 2 ? all : [...all.slice(0, most - 1), fill("others", { count })]);
};
const order = (names, rival) => { // Bonferroni-t elimination, as in stats/many_comparisons/elimination.py
	const gaps = names.map((a, i) => names.map((b, j) => (j > i ? rival(a, b) : null))), out = new Set();
	const of = (i, j) => gaps[min(i, j)][max(i, j)], known = (g) => g && g.p !== null;
	const p = (i, j) => {
		const g = of(i, j), worse = known(g) && (i < j ? g.ahead < 0 : g.ahead > 0);
		return known(g) ? (worse ? g.p / 2 : 1 - g.p / 2) : 1;
	};
	const left = range(names.length).filter((i) => names.some((_, j) => j !== i && known(of(i, j))));
	for (let reached = 0; left.length > 1; ) {
		const least = left.map((i) => min(...left.filter((j) => j !== i).map((j) => p(i, j)))), worst = least.indexOf(min(...least));
		reached = max(reached, left.length * (left.length - 1) * least[worst]);
		if (reached > alpha) break;
		const [gone] = left.splice(worst, 1);
		if (gone && gaps[0][gone]?.ahead > 0) out.add(names[gone]);
	}
	return { best: names[0], others: names.slice(1), gaps: gaps[0].slice(1), front: names.filter((s) => !out.has(s)) };
};
const cheaper = (joules, mix) => (a, b) => {
	const [x, y] = [joules[a], joules[b]], size = log(x.at / y.at), rare = (p) => 2 * min(p, 1 - p), free = min(x.at, y.at) <= 0;
	if (x.lone || y.lone || (!blocks && max(...range(S).map((s) => counted(s, mix))) < 2)) return { below: 0.5, ahead: 0, p: 1 };
	if (blocks) {
		if (free) return { below: 0.5, ahead: 0, p: null };
		const [one, other] = [[a, x], [b, y]].map(([s, { worth }]) => ["energy_j", "correct"].map((kind) => byBlock(s, worth, kind)));
		const n = blocks.trials.length, e = jackknifed(minus(losses(...one), losses(...other)));
		const p = e > 0 ? below(-size / e, n - 1) : (1 - Math.sign(size)) / 2;
		return { below: p, ahead: p - 0.5, p: min(1, rare(p)) };
	}
	const p = sum(R, (r) => (x.drawn[r] < y.drawn[r] ? 1 : x.drawn[r] === y.drawn[r] ? 0.5 : 0)) / R;
	const drawn = min(1, (rare(p) * R + 2) / (R + 1)), e = deviation(minus(x.linear, y.linear)), items = max(...range(S).map((s) => counted(s, mix)));
	const spread = e > 1e-12 * abs(size) ? min(1, 2 * below(-abs(size) / e, items - 1)) : size ? 2 * 0.5 ** items : 1;
	if (free) return { below: p, ahead: p - 0.5, p: drawn };
	return { below: p, ahead: p - 0.5, p: rare(p) * R < 2 || e <= 1e-12 * abs(size) ? spread : max(spread, drawn) };
};
