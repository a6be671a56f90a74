// Draws of systems that may be nearly alike: the differences of a population are pooled, as in decision/partial_pooling.py.
const ACCURACY = 0, COST = 1; // scales, and the places of their random numbers
const pooledNormal = (scale, place) => rolled(draw.normals, 1 + D * S + scale * (2 * S + 1) + place);
const pooledUniform = (scale) => rolled(draw.uniforms, 1 + (D + 1) * S + scale);
const clipped = (x, low, high) => min(max(x, low), high);
const leastErrors = (scale, own) => { // the variance that a member has at least: the mean of all, of costs the geometric one
	const n = own.length, mean = sum(n, (i) => own[i]) / n, some = own.filter((v) => v > limits.exact);
	if (scale === ACCURACY) return own.map(() => mean);
	const geometric = exp(sum(some.length, (i) => log(some[i])) / some.length);
	return own.map((v) => (v > limits.exact ? geometric : 0));
};
const ownErrors = (of, n) => { // the variance of each member's own error, and of the one in common
	const variances = range(n).map((i) => of(i, i)), all = sum(n, (i) => variances[i]);
	if (n === 1 || !(all > 0)) return { own: variances.map((x) => max(x, 0)), common: 0 };
	const together = sum(n, (i) => sum(n, (j) => of(i, j))), apart = sum(n, (i) => sum(n, (j) => variances[i] + variances[j] - 2 * of(i, j)));
	const total = max(apart / (2 * (n - 1)), 0);
	return { own: variances.map((x) => (total * x) / all), common: max((together - all) / (n * (n - 1)), 0) };
};
const spreadsOf = (y, own, common, level) => { // values of the population's spread, and their cumulated probabilities
	const n = y.length, error = sqrt(sum(n, (i) => own[i]) / n), ends = level === null ? y : [...y, level], points = limits.pooled_points;
	const low = error / limits.pooled_least, high = limits.pooled_most * max(error, max(...ends) - min(...ends));
	const spreads = range(points).map((p) => low * (high / low) ** (p / (points - 1))), fits = spreads.map((tau) => {
		const square = tau ** 2, weight = own.map((v) => 1 / (v + square)), total = sum(n, (i) => weight[i]), mean = sum(n, (i) => weight[i] * y[i]) / total;
		let fit = sum(n, (i) => log(weight[i])) - log(total) - sum(n, (i) => weight[i] * (y[i] - mean) ** 2);
		if (level !== null) { const spread = square + 1 / total + common; fit = fit - log(spread) - (level - mean) ** 2 / spread; }
		return log(tau) - log(error * error + square) + fit / 2;
	});
	const best = max(...fits);
	let reached = 0;
	const cumulated = fits.map((fit) => (reached += exp(fit - best)));
	return { spreads, cumulated: cumulated.map((x) => x / reached) };
};
const pooledDraws = (figure, scale, bound = null) => {
	const drawn = drawsOf(figure), members = ALL.filter((s) => isFinite(figure.at[s]) && (scale === ACCURACY || figure.at[s] > 0)), n = members.length;
	if (!n || n + Number(bound !== null) < limits.pooled_fewest || (scale === COST && bound !== null && !(bound > 0))) return drawn;
	const angle = (share) => Math.asin(sqrt(clipped(share, 0, 1))), inside = (x) => clipped(x, 1e-6, 1 - 1e-6);
	const y = members.map((s) => (scale === COST ? log(figure.at[s]) : angle(figure.at[s] + (figure.centres[s] - figure.at[s]) / 4)));
	const slope = members.map((s) => (scale === COST ? 1 / figure.at[s] : 1 / (2 * sqrt(inside(figure.centres[s]) * (1 - inside(figure.centres[s]))))));
	const of = ofAnotherRun(figure), { own: alone, common } = ownErrors((i, j) => of(members[i], members[j]) * (slope[i] * slope[j]), n);
	if (!alone.some((v) => v > limits.exact)) return drawn;
	const least = scale === ACCURACY || draw.weights ? leastErrors(scale, alone) : alone, own = scale === ACCURACY ? least : alone.map((v, i) => max(v, least[i]));
	const level = bound === null ? null : scale === COST ? log(bound) : angle(bound), { spreads, cumulated } = spreadsOf(y, own, common, level);
	const uniform = pooledUniform(scale), normals = members.map((s) => pooledNormal(scale, s)), others = members.map((s) => pooledNormal(scale, S + 1 + s));
	const ofBound = pooledNormal(scale, S), deviations = alone.map((v, i) => sqrt(max(least[i] - v, 0))), weights = spreads.map((tau) => own.map((v) => 1 / (v + tau ** 2)));
	for (let k = 0; k < K; k++) {
		const reached = cumulated.findIndex((p) => p >= uniform(k)), place = reached < 0 ? spreads.length - 1 : reached, tau = spreads[place], square = tau ** 2;
		const weight = weights[place], prior = normals.map((normal) => tau * normal(k)), total = sum(n, (i) => weight[i]);
		const x = members.map((s, i) => y[i] + ((drawn[s][k] - figure.centres[s]) * slope[i] + others[i](k) * deviations[i]) - prior[i]);
		let center = sum(n, (i) => weight[i] * x[i]) / total, shared = center;
		if (level !== null) {
			const of = level - tau * ofBound(k), error = 1 / total + common, mean = center;
			center = (of / square + mean / error) / (1 / square + 1 / error);
			shared = center + (common / error) * (mean - center);
		}
		members.forEach((s, i) => {
			if (!(own[i] > limits.exact)) return;
			const theta = prior[i] + center + (x[i] - shared) * (square * weight[i]);
			drawn[s][k] = scale === COST ? exp(clipped(theta, y[i] - limits.pooled_reach, y[i] + limits.pooled_reach)) : Math.sin(clipped(theta, 0, Math.PI / 2)) ** 2;
		});
	}
	return drawn;
};
