// Requirements: the bounds of each system, and what they come to, as in decision/bounds.py, checks.py, latency_limit.py and useless.py.
const further = (items, error, distance, score, fixed = 0) => {
	if (!isFinite(error) || !isFinite(distance) || distance === 0) return null;
	const room = error > 0 ? (distance / (score * error)) ** 2 - fixed : Infinity, needed = room > 0 ? (items * (1 - fixed)) / room - items : Infinity;
	return needed <= limits.most_items ? max(1, Math.ceil(needed)) : null;
};
const leastRisk = (isMet) => {
	let [low, high] = [log(1e-12), log(0.499)];
	if (!isMet(0.499)) return 1;
	if (isMet(1e-12)) return 0;
	for (let k = 0; k < 60; k++) { const middle = (low + high) / 2; isMet(exp(middle)) ? (high = middle) : (low = middle); }
	return exp(high);
};
const fewest = (items, tells) => {
	let [low, high] = [0, limits.most_items];
	if (items <= 0 || !tells(1 + high / items)) return null;
	while (high - low > 1) { const middle = Math.floor((low + high) / 2); tells(1 + middle / items) ? (high = middle) : (low = middle); }
	return high;
};
const testedShare = ({ shares, variance, bound, most, df, sides = 1 }) => { // a share that is to be at least a bound
	const kept = bound * (1 - limits.rounding), effective = (share, risk) => {
		const own = variance(share);
		if (own <= 0) return most;
		const ratio = quantileAt(1 - risk, max(Math.floor(most + limits.rounding) - 1, 1)) / quantileAt(1 - risk, df);
		return max(1, min(most, trialsOf(share, own) * min(1, ratio) ** 2));
	};
	const isMet = (risk, factor) => {
		const [share] = shares(risk / sides), number = effective(share, risk / sides) * factor, right = number * share;
		return right > 0 && incompleteBeta(right, number - right + 1, kept) <= risk / sides;
	};
	const isMissed = (risk, factor) => {
		const [, share] = shares(risk / sides), number = effective(share, risk / sides) * factor, wrong = number * (1 - share);
		return wrong > 0 && 1 - incompleteBeta(number - wrong + 1, wrong, kept) <= risk / sides;
	};
	return {
		bounds: (risk) => {
			const each = risk / sides, [under, above] = shares(each), number = effective(under, each), more = effective(above, each);
			const right = number * under, wrong = more * (1 - above);
			return [right <= 0 ? 0 : betaAt(right, number - right + 1, each), wrong <= 0 ? 1 : betaAt(more - wrong + 1, wrong, 1 - each)];
		},
		least: () => leastRisk((risk) => isMet(risk, 1)),
		further: (items, risk) => fewest(items, (factor) => isMet(risk, factor) || isMissed(risk, factor)),
	};
};
const testedMean = ({ mean, bound, error, df, fixed }) => { // a mean that is to be at most a bound
	const relative = mean > 0 ? error / mean : 0, greatest = bound * (1 + limits.rounding);
	return {
		bounds: (risk) => { const factor = exp(min(quantileAt(1 - risk, df) * relative, 700)); return [mean / factor, mean * factor]; },
		least: () => (relative > 0 ? below(log(mean / greatest) / relative, df) : mean <= greatest ? 0 : 1),
		further: (items, risk) => (mean > 0 ? further(items, relative, log(bound / mean), quantileAt(1 - risk, df), fixed) : null),
	};
};
const testedKnown = (value, bound) => ({ bounds: () => [value, value], least: () => (value <= bound * (1 + limits.rounding) ? 0 : 1), further: () => null });
const isLeast = ({ quantity }) => quantity === "accuracy" || quantity === "p95";
const outcomeBy = (requirement, low, high) => { // decision/model.py
	const { quantity, bound } = requirement, of = quantity === "p95" ? limits.share : bound;
	if (low === null) return "may";
	if (isLeast(requirement)) { const least = of * (1 - limits.rounding); return low >= least ? "yes" : high < least ? "no" : "may"; }
	const greatest = of * (1 + limits.rounding);
	return high <= greatest ? "yes" : low > greatest ? "no" : "may";
};
const spreadsIn = (figure) => { // of each system: its error, degrees of freedom, and the share of its variance between sessions
	const within = covariance(figure, figure);
	return ALL.map((s) => {
		const a = within(s, s), b = betweenSessions(figure, s), fixed = a + b > 0 ? b / (a + b) : 0;
		const df = figure.sessions ? max(Math.floor(1 / ((1 - fixed) ** 2 / known.df + fixed ** 2 / known.sessions.df)), 1) : known.df;
		return { error: sqrt(a + b), df, fixed };
	});
};
const sharesFor = (s, mix) => { // the part of each domain in a system's latency
	const own = range(D).map((d) => known.timed[d][s]), total = max(own.reduce((sum, n) => sum + n, 0), 1);
	return mix || own.map((n) => n / total);
};
const p95Of = (s, mix) => (mix === usual.shares || known.p95s[s] === null ? known.p95s[s] : quantile(s, sharesFor(s, mix), limits.share));
const shareWithin = (seconds, n, slowest, exact) => {
	const limit = Math.fround(exact); // rounded as the seconds are
	const last = seconds.length - 1, reached = (k) => (k > last ? 1 : (k + 0.5) / seconds.length), at = (k) => (k > last ? slowest : seconds[k]);
	const after = seconds.findIndex((each) => each > limit), k = after < 0 ? last + 1 : after;
	if (n <= limits.points) return k / seconds.length;
	if (limit >= slowest) return 1;
	if (!(limit >= seconds[0])) return 0;
	return ((reached(k) - reached(k - 1)) / (at(k) - at(k - 1))) * (limit - at(k - 1)) + reached(k - 1);
};
const latencyOf = (s, mix) => { // null: a domain with a share has no request that was timed
	const parts = sharesFor(s, mix), some = range(D).filter((d) => parts[d] > 0);
	if (!some.length || some.some((d) => !known.timed[d][s])) return null;
	const most = 1 / sum(some.length, (k) => parts[some[k]] ** 2 / known.timed[some[k]][s]);
	const shareAt = (limit) => min(1, sum(some.length, (k) => parts[some[k]] * shareWithin(grids[some[k] * S + s], known.timed[some[k]][s], known.slowest_s[some[k]][s], limit)));
	const effect = (beyond) => max(...known.design_effects[s].filter((_, k) => (limits.beyond[k + 1] ?? 0) <= beyond && beyond <= (limits.beyond[k - 1] ?? 1)));
	return { most, shareAt, variance: (share) => ((share * (1 - share)) / most) * effect(1 - share) };
};
const machinesOf = (parts) => ALL.map((s) => { // of which machine a cost is, as in decision/session_moves.py
	const moving = parts.filter(([kind, own]) => own[s] > 0 && (kind === "money" ? known.machine_share[s] > 0 : known.moving.includes(kind)));
	if (!moving.length) return known.machines.none;
	return moving.every(([kind]) => known.sessions && known.sessions.moves[kind]) ? known.machines.another_run : known.machines.this_run;
});
const checkAll = (all, set) => {
	const rows = ALL.map(() => []), { mix } = set, none = known.machines.none;
	const unknown = (s, requirement, reason, machine = none, estimate = null) =>
		rows[s].push({ requirement, estimate, low: null, high: null, least: null, reason, items: null, machine, within: null, outcome: "may", tested: null, number: 0 });
	const checked = (s, requirement, estimate, tested, number, machine = none, within = null) => {
		const [low, high] = tested.bounds(set.risk), outcome = outcomeBy(requirement, low, high);
		const items = outcome === "may" ? tested.further(number, set.risk) : null;
		rows[s].push({ requirement, estimate, low, high, least: tested.least(), reason: "", items, machine, within, outcome, tested, number });
	};
	for (const requirement of set.requirements) {
		const { quantity, bound, domain } = requirement, items = ALL.map((s) => summed(basis.items, s));
		if (quantity === "accuracy") {
			if (domain in known.opinions) { for (const s of ALL) unknown(s, requirement, known.opinions[domain]); continue; }
			const one = domain === null ? -1 : domains.indexOf(domain), { at, variances, most } = accuracyTrials(one < 0 ? mix : range(D).map((d) => Number(d === one)));
			const asked = one < 0 ? known.reasons.domains : fillIn(known.reasons.domain, { domain });
			for (const s of ALL) {
				if (!isFinite(at[s])) { unknown(s, requirement, summed(basis.trials, s) > 0 ? asked : known.reasons.scored); continue; }
				const share = min(max(at[s], 0), 1), tested = testedShare({ shares: () => [share, share], variance: () => variances[s], bound, most: most[s], df: known.df });
				checked(s, requirement, share, tested, known.corrected ? 0 : one < 0 ? items[s] : basis.items[one][s]);
			}
		} else if (quantity === "p95") {
			const moves = known.sessions && known.sessions.moves.latency_p95, machine = moves ? known.machines.another_run : known.machines.this_run;
			for (const s of ALL) {
				const latency = latencyOf(s, mix), estimate = p95Of(s, mix);
				if (!latency) { unknown(s, requirement, known.reasons.timed, machine, estimate); continue; }
				const within = latency.shareAt(bound), spread = moves ? sqrt(sum(moves.length, (j) => moves[j][s] ** 2) / (moves.length - 1)) : 0;
				const shares = (risk) => {
					if (!spread) return [within, within];
					const factor = exp(quantileAt(1 - risk, known.sessions.df) * spread);
					return [latency.shareAt(bound / factor), latency.shareAt(bound * factor)];
				};
				const tested = testedShare({ shares, variance: latency.variance, bound: limits.share, most: latency.most, df: known.df, sides: moves ? 2 : 1 });
				checked(s, requirement, estimate, tested, items[s] || summed(known.timed, s), machine, within);
			}
		} else if (quantity === "memory") {
			for (const s of ALL) {
				const peak = known.memory_gib[s];
				if (peak === null) unknown(s, requirement, known.reasons.memory);
				else checked(s, requirement, peak, testedKnown(peak, bound), 0);
			}
		} else {
			const unit = quantity === "cost" ? "money" : quantity, costs = all[unit];
			if (!costs) { for (const s of ALL) unknown(s, requirement, known.why_no[unit]); continue; }
			const figure = costFigure(costs.parts, mix), spreads = spreadsIn(figure), machines = machinesOf(costs.parts);
			for (const s of ALL) {
				const reason = costs.missing[s] || invalidOf(costs, s);
				if (reason || !isFinite(figure.at[s])) unknown(s, requirement, reason || known.reasons.unknown, machines[s]);
				else checked(s, requirement, figure.at[s], testedMean({ mean: figure.at[s], bound, ...spreads[s] }), items[s], machines[s]);
			}
		}
	}
	const outcomes = rows.map((own) => ["no", "may"].find((each) => own.some(({ outcome }) => outcome === each)) || "yes");
	const risks = rows.map((own) => (own.some(({ least }) => least === null) ? null : max(0, ...own.map(({ least }) => least))));
	return { rows, outcomes, risks };
};
const couldBeAdvised = ({ outcomes, risks }, able) => ALL.filter((s) => able[s] && outcomes[s] !== "no" && risks[s] !== null);
const sameRisk = (risk) => Number((risk || 0).toFixed(9)); // as far as risks differ
const levelsOf = (checked, able, risk) => { // the risk at which each system is judged with the choice counted, by Holm's method
	const levels = ALL.map(() => risk), family = couldBeAdvised(checked, able), own = (s) => sameRisk(checked.risks[s]);
	const ranked = family.map(own).sort((a, b) => a - b);
	for (const [rank, least] of ranked.entries()) {
		if (rank && least === ranked[rank - 1]) continue; // as sure as the one before
		const level = risk / (ranked.length - rank);
		for (const s of family) if (own(s) >= least) levels[s] = level;
		if (least > level) break;
	}
	return levels;
};
const uselessIn = (mix, accuracies) => ALL.map((s) => {
	const counted = range(D).filter((d) => mix === null || mix[d] > 0), items = sum(counted.length, (k) => basis.items[counted[k]][s]);
	if (!accuracies.some((x) => x > 0) && accuracies.some(isFinite)) return items ? fillIn(known.reasons.useless, { items: commas(`${items}`) }) : "";
	const failed = counted.filter((d) => known.useless[d][s]);
	return failed.length ? known.useless[failed.reduce((most, d) => (basis.items[d][s] > basis.items[most][s] ? d : most))][s] : "";
});
